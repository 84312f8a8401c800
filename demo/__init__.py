"""The demo: two guarded APIs on real servers, and what they answer. ``python -m demo``."""
