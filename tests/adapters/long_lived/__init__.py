"""Connections that live longer than a request: WebSockets, and responses that stream."""
