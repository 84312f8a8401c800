"""A small API in Litestar, guarded with bearer_guard."""
