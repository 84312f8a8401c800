"""Law of this room: it waits. All sockets, threads and locks of the library are here, and
nothing here knows what a token is: it carries calls and keeps things for a bounded time.
"""
