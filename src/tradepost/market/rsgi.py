"""The web process's entry point for the web server, Granian, by its own interface RSGI."""

import ctypes
import os
import sys
from contextlib import suppress

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

from tradepost.market.auth_centre.hosts import lead
from tradepost.market.base import clock
from tradepost.market.base.collector import spare_what_is_loaded
from tradepost.market.base.config import config
from tradepost.market.web import logs
from tradepost.market.web.answering import Environ
from tradepost.market.web.by_the_head import ByTheHead
from tradepost.market.web.connections import ConnectionLimit
from tradepost.market.web.lanes import Lanes
from tradepost.market.web.peer import client_of, client_of_connection, network_of
from tradepost.market.web.programs import is_call
from tradepost.market.web.request_buffering import THREADS, RequestBuffering, threads_for
from tradepost.market.web.writers import places

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")

M_MMAP_THRESHOLD, LARGE = -3, 1024 * 1024


def give_large_blocks_back() -> None:
    """Of glibc: what holds a piece of an upload goes back to the system when it is freed. By itself it learns from the first
    such block to keep them, and with sixteen threads a process keeps a hundred megabytes of them (measured)."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


TURN = 0.0005
"""Seconds after which a thread that computes lets another one go on that waits for the interpreter. Python's own 5 ms are waited for
behind each answer of the database while another request computes, such as one that reads a thousand records: what takes 7 ms
alone took 40 beside it (bench ``usage-garbage``)."""

give_large_blocks_back()
sys.setswitchinterval(TURN)
logs.configure(form=config().log_format, level=config().log_level)
pages = get_wsgi_application()

from tradepost.market.open_api.answers import is_caller_known, largest_body_of  # noqa: E402  # models need Django's setup
from tradepost.market.open_api.taking_in import transfer_of  # noqa: E402
from tradepost.market.web import start_checks  # noqa: E402
from tradepost.market.web.passwords import hashes_password  # noqa: E402
from tradepost.market.web.start_gate import StartGate  # noqa: E402
from tradepost.market.web.unread import words  # noqa: E402
from tradepost.market.web.uploads import is_sender_known, largest_page_body, piece_of_upload  # noqa: E402


def largest_body(environ: Environ) -> int:
    """What the API at this address takes, or any page; nothing where there is neither."""
    path = environ["PATH_INFO"]
    if is_call(path):
        return largest_body_of(environ)
    return largest_page_body(path)


def is_known(environ: Environ) -> bool:
    """Whoever calls an API, or is logged in."""
    return is_caller_known(environ) if is_call(environ["PATH_INFO"]) else is_sender_known(environ)


_auth_centres = config().auth_centre_domain
_lanes = Lanes()
_threads = threads_for(os.environ.get(THREADS))
_requests = RequestBuffering(
    pages,
    threads=_threads,
    writers=places(_threads, sqlite=connection.vendor == "sqlite"),
    by_the_head=ByTheHead(
        largest_body=largest_body,
        is_caller_known=is_known,
        hashes_password=hashes_password,
        client=lambda environ: network_of(client_of(environ)),
        lane=_lanes.lane,
        answered=_lanes.learn,
        piece=piece_of_upload,
        transfer=transfer_of,
        words=words,
        lead=lambda environ: lead(environ, _auth_centres),
    ),
)


def _begin() -> None:
    try:
        start_checks.begin(config(), now=clock.wall())
    finally:
        connection.close()


application = StartGate(_requests, check=_begin, passed=start_checks.has_begun())

ConnectionLimit(port=config().port, most=config().connections_per_client, client_of=client_of_connection).start()
get_resolver().check()  # imports every page now, not during the first request
spare_what_is_loaded()
