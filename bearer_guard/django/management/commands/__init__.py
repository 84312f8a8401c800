"""Law of this room: one command a file, named as ``manage.py`` calls it.

A command says what a module elsewhere has found out.
"""
