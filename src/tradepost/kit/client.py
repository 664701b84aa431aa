"""A seller asks the market: the open APIs, signed with the seller's access key (AK/SK)."""

from __future__ import annotations

import http.client
import ssl
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import order_query
from tradepost.protocols.open_api.errors import ApiFailure, read_api_answer
from tradepost.protocols.open_api.order_query import NotAnOrder, OrderInfo
from tradepost.protocols.open_api.signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANSWER_LIMIT = 4 * 1024 * 1024
SERVER_ERROR = 500


class MarketError(Exception):
    """The market refused or could not be reached.

    ``code`` is its result code (``MKT.…``, ``CBC.…``, ``APIG.…``), or ``unreachable``, or ``unreadable`` for an answer
    that is not what the API documents; ``status`` the HTTP status, 0 when there was none; ``retry_after`` in seconds.
    """

    def __init__(self, code: str, message: str, *, status: int = 0, retry_after: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after = retry_after


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class MarketClient:
    """Thread-safe. ``market``: scheme and host, for example ``https://mkt.myhuaweicloud.com``.

    Certificates are verified; plain http is accepted for this machine only, unless ``insecure_http`` says that the
    network between is your own. ``timeout``: seconds for connecting and for each read. ``tries``: how often a question
    that changes nothing is asked before an unreachable market or a server error is believed.
    """

    market: str
    ak: str
    sk: str = field(repr=False)
    timeout: float = 5.0
    tries: int = 3
    pause: float = 0.2
    insecure_http: bool = False
    clock: Callable[[], datetime] = utc_now
    tls: ssl.SSLContext | None = None
    """For a market with a certificate authority of its own: ``ssl.create_default_context(cafile=…)``."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.market)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{self.market!r} is not an address like https://market.example.com")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK and not self.insecure_http:
            raise ValueError(f"{self.market} is not https: its answers could be read and changed on the way")
        if self.tls is not None and (self.tls.verify_mode is not ssl.CERT_REQUIRED or not self.tls.check_hostname):
            raise ValueError("the TLS context must verify certificates and host names")

    def order(self, order_id: str, order_line_id: str = "") -> OrderInfo:
        """What was bought, by whom (saas-v2 §3.8). Raises ``MarketError``."""
        asked = {"orderId": order_id, **({"orderLineId": order_line_id} if order_line_id else {})}
        members = self._get(f"{order_query.PATH}?{urlencode(asked)}")
        try:
            return order_query.load_answer(members)
        except NotAnOrder as error:
            raise MarketError("unreadable", str(error), status=200) from error

    def _get(self, target: str) -> dict[str, object]:
        failure = MarketError("unreachable", "not tried")
        for attempt in range(self.tries):
            if attempt:
                time.sleep(self.pause * attempt)
            try:
                return self._ask("GET", target)
            except MarketError as error:
                if error.status and error.status < SERVER_ERROR:
                    raise
                failure = error
        raise failure

    def _ask(self, method: str, target: str) -> dict[str, object]:
        url = self.market.rstrip("/") + target
        request = Request(method, url, (("Content-Type", "application/json"),))
        try:
            response = self._send(sign(request, ak=self.ak, sk=self.sk, now=self.clock()))
        except (OSError, http.client.HTTPException) as error:
            raise MarketError("unreachable", f"{self.market} did not answer: {error!r}") from error
        answer = read_api_answer(response)
        if isinstance(answer, ApiFailure):
            raise MarketError(
                answer.code or "unreadable", answer.message, status=answer.status, retry_after=answer.retry_after
            )
        return answer

    def _send(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        connection = (
            http.client.HTTPSConnection(
                host, parts.port, timeout=self.timeout, context=self.tls or ssl.create_default_context()
            )
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=self.timeout)
        )
        try:
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            connection.request(request.method, target, body=request.body or None, headers=dict(request.headers))
            answer = connection.getresponse()
            body = answer.read(ANSWER_LIMIT + 1)
            if len(body) > ANSWER_LIMIT:
                raise http.client.HTTPException(f"the answer is longer than {ANSWER_LIMIT} bytes")
            return Response(answer.status, tuple(answer.getheaders()), body)
        finally:
            connection.close()
