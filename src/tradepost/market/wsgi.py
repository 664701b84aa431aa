"""The web process's entry point for a WSGI server."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

from tradepost.market.base.config import config
from tradepost.market.web import logs
from tradepost.market.web.request_buffering import THREADS, RequestBuffering, threads_for
from tradepost.market.web.writers import Writers, places

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")

logs.configure(form=config().log_format, level=config().log_level)
pages = get_wsgi_application()

from tradepost.market.open_api.answers import largest_body_of  # noqa: E402  # its models need Django to be set up

_threads = threads_for(os.environ.get(THREADS))
application = RequestBuffering(
    pages,
    threads=_threads,
    largest_form=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    largest_call=largest_body_of,
    writers=Writers(places(_threads, sqlite=connection.vendor == "sqlite")),
)
get_resolver().check()  # imports every page now, not during the first request
