"""A small API in Quart, guarded with bearer_guard."""
