"""Real authorization servers, run on loopback, that give real tokens over the real protocol.

Nothing here forges a token: every token is asked for at the server's own endpoints.
"""
