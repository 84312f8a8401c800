"""The applications in ``integrations``, each on each of its servers, over sockets.

One table of requests: the same status, challenge and body from all. What a framework or a server
forces to be otherwise stands in ``differences.py``, with the reason.
"""
