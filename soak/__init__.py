"""Real servers under mixed traffic while everything around them fails: ``make soak``.

Four gunicorn workers and two uvicorn workers guard one API each, for three issuers, whose
authorization servers are processes too. Keys rotate, tokens are revoked, authorization servers and
workers are killed and come back. At the end it counts: wrong verdicts, 500s, upstream calls, waits
before, during and after each fault, memory at start and end. It fails when a verdict was wrong, a
500 was seen, or a request was left without an answer for no reason.

What is right is known beforehand and written down (``judging``): of every token who signed it, and
of every moment which keys were published and which servers were up.
"""
