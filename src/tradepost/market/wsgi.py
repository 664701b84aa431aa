"""The web process's entry point for a WSGI server."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from tradepost.market.base.config import config
from tradepost.market.web import logs
from tradepost.market.web.request_buffering import THREADS, RequestBuffering, threads_for

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")

logs.configure(form=config().log_format, level=config().log_level)
pages = get_wsgi_application()

from tradepost.market.open_api.answers import largest_body_of  # noqa: E402  # its models need Django to be set up

application = RequestBuffering(
    pages,
    threads=threads_for(os.environ.get(THREADS)),
    largest_form=settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    largest_call=largest_body_of,
)
get_resolver().check()  # imports every page now, not during the first request
