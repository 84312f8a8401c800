"""What holds for every input, searched by hypothesis: the same examples on every machine.

``SEARCH_FACTOR=20`` searches twenty times as long, and elsewhere each time.
"""
