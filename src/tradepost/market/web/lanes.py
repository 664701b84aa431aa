"""Decide whose requests wait behind each other: those of one account or seller, else those of one address.

The sender of a request is known only after Django looked at it, so an answered request teaches this process whose
session or access key it came with. A made-up session teaches nothing, and gives no lane of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from django.conf import settings
from django.http import parse_cookie

from .answering import Environ
from .peer import client_of, network_of
from .programs import is_call

SENDER = "tradepost.sender"
"""Key in the environment under which the account or seller is noted once it is known."""
MOST_REMEMBERED = 10_000


class Lanes:
    """What this process has learned. Safe for threads."""

    def __init__(self, *, most_remembered: int = MOST_REMEMBERED) -> None:
        self._senders: OrderedDict[str, str] = OrderedDict()
        self._most = most_remembered
        self._lock = Lock()

    def lane(self, environ: Environ) -> str:
        network = network_of(client_of(environ))
        credential = _credential(environ, network)
        with self._lock:
            return self._senders.get(credential, network) if credential else network

    def learn(self, environ: Environ) -> None:
        """Remember who sent a request that was answered; forgets what was learned longest ago when there is too much."""
        if not (sender := environ.get(SENDER)):
            return
        credential = _credential(environ, network_of(client_of(environ)))
        with self._lock:
            self._senders[credential] = sender
            self._senders.move_to_end(credential)
            while len(self._senders) > self._most:
                self._senders.popitem(last=False)


def _credential(environ: Environ, network: str) -> str:
    """The session, or an access key with the address that it came from, since access keys are no secrets; "" for neither."""
    if is_call(environ["PATH_INFO"]):
        key = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Access=")[2].partition(",")[0].strip()
        return f"{network} {key}" if key else ""
    return parse_cookie(str(environ.get("HTTP_COOKIE", ""))).get(settings.SESSION_COOKIE_NAME, "")
