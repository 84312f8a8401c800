"""For WSGI servers: `gunicorn integrations.rest_framework_app.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrations.rest_framework_app.settings")
application = get_wsgi_application()
