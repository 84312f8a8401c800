"""What runs a guard: the keeper of keys, the introspector, issuer templates, the log."""
