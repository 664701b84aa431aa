"""Entry point of the web process for the Granian server, using Granian's interface RSGI."""

import ctypes
import os
import sys
from contextlib import suppress

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

from tradepost.market.auth_centre.hosts import map_host
from tradepost.market.base import clock
from tradepost.market.base.collector import freeze_loaded_objects
from tradepost.market.base.config import config
from tradepost.market.web import logs
from tradepost.market.web.answering import Environ
from tradepost.market.web.by_the_head import RequestRules
from tradepost.market.web.connections import ConnectionLimit
from tradepost.market.web.lanes import Lanes
from tradepost.market.web.peer import client_of, client_of_connection, network_of
from tradepost.market.web.programs import is_call
from tradepost.market.web.request_buffering import THREADS, RequestBuffering, threads_for
from tradepost.market.web.writers import writer_slots

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradepost.market.settings")

M_MMAP_THRESHOLD, LARGE_BLOCK = -3, 1024 * 1024


def return_large_blocks() -> None:
    """Make glibc return large freed blocks, such as parts of uploads, to the system.

    By default glibc learns to keep such blocks; with sixteen threads a process then keeps 100 MB of them (measured).
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)


SWITCH_INTERVAL = 0.0005
"""Seconds after which a computing thread yields the interpreter to a waiting thread.

With Python's default of 5 ms, each database answer waits while another request computes: a request of 7 ms took 40 ms
beside one that read a thousand records (bench ``usage-garbage``).
"""

return_large_blocks()
sys.setswitchinterval(SWITCH_INTERVAL)
logs.configure(form=config().log_format, level=config().log_level)
pages = get_wsgi_application()

from tradepost.market.open_api.answers import is_caller_known, max_body_bytes  # noqa: E402  # models need Django's setup
from tradepost.market.open_api.receiving import transfer_of  # noqa: E402
from tradepost.market.web import start_checks  # noqa: E402
from tradepost.market.web.passwords import hashes_password  # noqa: E402
from tradepost.market.web.start_gate import StartGate  # noqa: E402
from tradepost.market.web.unread import refusal_response  # noqa: E402
from tradepost.market.web.uploads import is_sender_known, largest_page_body, piece_of_upload  # noqa: E402


def largest_body(environ: Environ) -> int:
    """Return the largest body that the API or page at this address accepts, in bytes; 0 if there is none."""
    path = environ["PATH_INFO"]
    if is_call(path):
        return max_body_bytes(environ)
    return largest_page_body(path)


def is_known(environ: Environ) -> bool:
    """Return whether the request carries an API caller's credentials or a session."""
    return is_caller_known(environ) if is_call(environ["PATH_INFO"]) else is_sender_known(environ)


_auth_centres = config().auth_centre.auth_centre_domain
_lanes = Lanes()
_threads = threads_for(os.environ.get(THREADS))
_requests = RequestBuffering(
    pages,
    threads=_threads,
    writers=writer_slots(_threads, sqlite=connection.vendor == "sqlite"),
    by_the_head=RequestRules(
        largest_body=largest_body,
        is_caller_known=is_known,
        hashes_password=hashes_password,
        client=lambda environ: network_of(client_of(environ)),
        lane=_lanes.lane,
        answered=_lanes.learn,
        piece=piece_of_upload,
        transfer=transfer_of,
        words=refusal_response,
        lead=lambda environ: map_host(environ, _auth_centres),
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
freeze_loaded_objects()
