"""Runs any of the applications on the servers that people run it on: `python -m integrations.serving`."""
