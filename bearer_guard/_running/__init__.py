"""Law of this room: it brings together what decides (``_core``) and what waits
(``_upstream``), under a lock where both touch one thing. It parses nothing and opens nothing.
"""
