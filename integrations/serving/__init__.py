"""Runs the applications on the servers that people run them on."""
