"""A small API in Django, guarded with bearer_guard."""
