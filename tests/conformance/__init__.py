"""A hostile black-box run against a guarded ASGI and a guarded WSGI application.

``table/`` holds the rows, one theme a file. A row is a sentence, a request in raw octets, what
the authorization server does, and the verdict that the RFCs and the design demand. Every row is
judged in process (sync and async) and over sockets (uvicorn with h11 and with httptools,
gunicorn, waitress): the same verdict everywhere, to the byte.
"""
