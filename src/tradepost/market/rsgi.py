"""The web process's entry point for the web server, Granian, by its own interface RSGI."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import Resolver404, get_resolver, resolve

from tradepost.market.base.config import config
from tradepost.market.web import logs
from tradepost.market.web.answering import Environ
from tradepost.market.web.peer import client_of, network_of
from tradepost.market.web.request_buffering import THREADS, ByTheHead, RequestBuffering, threads_for
from tradepost.market.web.writers import places

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")

logs.configure(form=config().log_format, level=config().log_level)
pages = get_wsgi_application()

from tradepost.market.open_api.answers import is_caller_known, largest_body_of  # noqa: E402  # models need Django's setup
from tradepost.market.web.passwords import hashes_password  # noqa: E402


def largest_body(environ: Environ) -> int:
    """What the API at this address takes, or any page; nothing where there is neither."""
    path = environ["PATH_INFO"]
    if path.startswith("/api/"):
        return largest_body_of(environ)
    try:
        resolve(path)
    except Resolver404:
        return 0
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0


_threads = threads_for(os.environ.get(THREADS))
application = RequestBuffering(
    pages,
    threads=_threads,
    writers=places(_threads, sqlite=connection.vendor == "sqlite"),
    by_the_head=ByTheHead(
        largest_body=largest_body,
        is_caller_known=is_caller_known,
        hashes_password=hashes_password,
        client=lambda environ: network_of(client_of(environ)),
    ),
)

get_resolver().check()  # imports every page now, not during the first request
