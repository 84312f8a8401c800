"""Whole programs that run: real authorization servers, and applications guarded by our docs."""
