"""The web process's entry point for a WSGI server."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from tradepost.market.base.config import config
from tradepost.market.web import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")

logs.configure(form=config().log_format, level=config().log_level)
application = get_wsgi_application()
get_resolver().check()  # imports every page now, not during the first request
