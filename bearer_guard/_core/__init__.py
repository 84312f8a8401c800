"""Law of this room: it decides. No I/O, no thread, no lock, no clock of its own: time is an
argument, and what it needs from the network it asks for with ``yield``.

It may import the names (errors, access_token, settings, request) and PyJWT, and nothing else.
"""
