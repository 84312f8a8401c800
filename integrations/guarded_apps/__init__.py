"""One small API, guarded by its settings alone: as ASGI on uvicorn, as WSGI on gunicorn."""
