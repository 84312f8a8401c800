"""Both guarded applications, on real servers, before real authorization servers.

A package, so that its modules are named apart from those of the other test folders.
"""
