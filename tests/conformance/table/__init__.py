"""The rows, one theme a file; each file has ``ROWS``."""
