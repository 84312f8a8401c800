"""An authorization server that does everything wrong, and what a guard makes of it.

``server`` is the one fault server of all tests, ``ways`` the ways to fail. ``table`` has each
fault against each document that a guard asks for, cold and warm: the verdict, the number of
calls, the time. How each kind of fault may be spelled in octets is the conformance run's
(``conformance.table.key_set_bad_answers``, ``introspection_trouble``).
"""
