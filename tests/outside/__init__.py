"""A guard as its operators see it: health, readiness, metrics, spans, warm-up, the command."""
