"""One table of requests, and one answer to each: sync and async, ASGI and WSGI, to the byte."""
