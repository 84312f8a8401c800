"""A small API in Django Ninja, guarded with bearer_guard."""
