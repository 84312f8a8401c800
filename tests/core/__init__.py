"""The token side of the core, rule by rule: plain calls, a hand-turned clock, no network.

A docstring that names a section proves that rule; ids such as J15-12 are rows of `tests/rules.csv`,
the rules that bind a protected resource.
"""
