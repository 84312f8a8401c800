"""For WSGI servers: `gunicorn integrations.django_app.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "integrations.django_app.settings")
application = get_wsgi_application()
