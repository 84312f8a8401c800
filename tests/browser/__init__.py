"""Documentation pages in a real browser, that log in at a real authorization server."""
