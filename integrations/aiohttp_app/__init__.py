"""A small API in aiohttp, guarded with bearer_guard."""
