"""Law of this room: the command ``bearer-guard``. It reads settings and shows what a guard says.

It decides nothing, and writes nothing that a token or a server said without escaping it. The
token itself is read from the standard input and shown nowhere.
"""
