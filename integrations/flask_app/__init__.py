"""A small API in Flask, guarded with bearer_guard."""
