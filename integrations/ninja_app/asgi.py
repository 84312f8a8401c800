"""For ASGI servers: `uvicorn integrations.ninja_app.asgi:application`."""

import os

from django.core.asgi import get_asgi_application

from bearer_guard.asgi import BearerMiddleware
from bearer_guard.django.conf import guard

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrations.ninja_app.settings")
# Under ASGI Django reads a body to its end before any middleware of its own. This one refuses
# before that.
application = BearerMiddleware(get_asgi_application(), guard())
