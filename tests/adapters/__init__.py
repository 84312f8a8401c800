"""The ASGI and WSGI middlewares, message by message and over real sockets."""
