"""Choose the queue of a request: its account or seller, otherwise its network address.

The sender is known only after Django has checked the session, so this process learns from answered requests which
session or access key belongs to whom. An invalid session teaches nothing and gets no queue of its own.
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
"""Key in the environment with the account or seller, once known."""
MAX_SENDERS = 10_000


class Lanes:
    """Known senders by credential. Thread-safe."""

    def __init__(self, *, most_remembered: int = MAX_SENDERS) -> None:
        self._senders: OrderedDict[str, str] = OrderedDict()
        self._most = most_remembered
        self._lock = Lock()

    def lane(self, environ: Environ) -> str:
        network = network_of(client_of(environ))
        credential = _credential(environ, network)
        with self._lock:
            return self._senders.get(credential, network) if credential else network

    def learn(self, environ: Environ) -> None:
        """Remember the sender of an answered request. Above the limit, the oldest entries are dropped."""
        if not (sender := environ.get(SENDER)):
            return
        credential = _credential(environ, network_of(client_of(environ)))
        with self._lock:
            self._senders[credential] = sender
            self._senders.move_to_end(credential)
            while len(self._senders) > self._most:
                self._senders.popitem(last=False)


def _credential(environ: Environ, network: str) -> str:
    """Return the session, or the access key with its network because access keys are not secret; "" for neither."""
    if is_call(environ["PATH_INFO"]):
        key = str(environ.get("HTTP_AUTHORIZATION", "")).partition("Access=")[2].partition(",")[0].strip()
        return f"{network} {key}" if key else ""
    return parse_cookie(str(environ.get("HTTP_COOKIE", ""))).get(settings.SESSION_COOKIE_NAME, "")
