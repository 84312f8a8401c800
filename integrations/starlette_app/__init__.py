"""A small API in Starlette, guarded with bearer_guard."""
