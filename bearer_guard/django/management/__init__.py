"""Law of this room: what Django finds by this name alone, and nothing else.

Commands for ``manage.py``.
"""
