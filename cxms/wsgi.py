"""The web process: gunicorn's entry."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")
application = get_wsgi_application()
# loaded once, before the workers part, instead of in each at its first request
_ = get_resolver().url_patterns
