"""A small API in Django REST framework, guarded with bearer_guard."""
