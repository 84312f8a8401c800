"""A small API in FastAPI, guarded with bearer_guard."""
