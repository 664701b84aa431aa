"""The site as checks see it: its front page, fetched once, and whatever else they ask, all within one budget.

Politeness and bounds are here and nowhere else: few requests, a pause between two, one at a time, each with its own limits of
time and size, only to the task's own host, only through the guard.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from tradepost.market.base.guard import AddressBlocked, guarded_connection
from tradepost.market.base.outbound import REDIRECTS, Bounds, Fetched, NotReached, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy

from .contract import CannotTest, Why, clean
from .page import Page, read_page

WITHIN = 10.0
MOST_BYTES = 262_144
MOST_HOPS = 5


class Budget(Struct, frozen=True, kw_only=True):
    """What one run may take. ``pause``: seconds between two requests."""

    requests: int = 40
    seconds: float = 120.0
    pause: float = 0.2


class Front(Struct, frozen=True, kw_only=True):
    """Where the address led on its own host. ``hops``: every answer on the way, the last one included. ``left``: the foreign
    address that it leads to in the end, which nobody asked."""

    hops: tuple[Fetched, ...]
    left: str = ""

    @property
    def last(self) -> Fetched:
        return self.hops[-1]


@dataclass
class Site:
    """``trust``: whose certificates are believed. ``sslyze``: the command of the TLS scanner, empty
    for none. ``go_on`` raises when the run is to end."""

    url: str
    outbound: OutboundPolicy
    trust: ssl.SSLContext
    budget: Budget = field(default_factory=Budget)
    sslyze: str = ""
    go_on: Callable[[], None] = lambda: None
    requests: int = 0
    _began: float = field(default_factory=time.monotonic)
    _last: float = 0.0
    _asked: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def left_seconds(self) -> float:
        return self.budget.seconds - (time.monotonic() - self._began)

    def ask(self, url: str) -> Fetched:
        """One answer, redirects as they are. Raises ``CannotTest``."""
        if not self.is_own(url):
            raise CannotTest(Why.OTHER_HOST, origin_of(url))
        if self.requests >= self.budget.requests or self.left_seconds <= 0:
            raise CannotTest(Why.BUDGET)
        self._wait()
        self.requests += 1
        within = max(0.5, min(WITHIN, self.left_seconds))
        bounds = Bounds(outbound=self.outbound, within=within, most_bytes=MOST_BYTES, cut=True, trust=self.trust)
        try:
            return fetch(url, bounds, headers={"Accept": "text/html,*/*;q=0.5"})
        except NotReached as away:
            raise CannotTest(Why(away.why.value), clean(away.detail)) from None
        finally:
            self._last = time.monotonic()

    def _wait(self) -> None:
        self.go_on()
        time.sleep(max(0.0, self.budget.pause - (time.monotonic() - self._last)))

    def is_own(self, url: str) -> bool:
        """Whether an address is on the host that this run is about: no other was proven to be the seller's."""
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and (parts.hostname or "") == self.host

    def connection(self, port: int) -> socket.socket:
        """An open connection to its own host, through the guard. Raises ``CannotTest``."""
        self.go_on()
        try:
            return guarded_connection(self.host, port, WITHIN, outbound=self.outbound)
        except AddressBlocked as blocked:
            raise CannotTest(Why.ADDRESS, clean(str(blocked))) from None
        except TimeoutError:
            raise CannotTest(Why.TIMEOUT) from None
        except socket.gaierror as error:
            raise CannotTest(Why.DNS, clean(str(error))) from None
        except OSError as error:
            raise CannotTest(Why.CONNECT, clean(str(error))) from None

    def address(self, port: int) -> str:
        """The IP address that the guard let its name lead to and that answers. Raises ``CannotTest``."""
        with self.connection(port) as answering:
            return str(answering.getpeername()[0])

    # --- the front page -----------------------------------------------------------------------------------------------

    def front(self) -> Front:
        """Where the address leads. Raises ``CannotTest`` each time that it could not be asked."""
        found = self._front
        if isinstance(found, CannotTest):
            raise CannotTest(found.why, found.detail)
        return found

    @cached_property
    def _front(self) -> Front | CannotTest:
        try:
            return self._follow()
        except CannotTest as why:
            return why

    def _follow(self) -> Front:
        url, hops = self.url, []
        for _hop in range(MOST_HOPS + 1):
            self._asked = url
            answer = self.ask(url)
            hops.append(answer)
            target = target_of(answer)
            if target is None:
                return Front(hops=tuple(hops))
            if not self.is_own(target):
                return Front(hops=tuple(hops), left=target)
            url = target
        raise CannotTest(Why.REDIRECTS, clean(url))

    def answer(self) -> Fetched:
        """The front page's answer: whatever its status, but no server error and no redirect to somebody else."""
        front = self.front()
        if front.left:
            raise CannotTest(Why.OTHER_HOST, origin_of(front.left))
        if front.last.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CannotTest(Why.STATUS, str(front.last.status))
        return front.last

    def page(self) -> tuple[Fetched, Page]:
        """The front page and what is in it. Raises ``CannotTest`` where it is none."""
        answer = self.answer()
        kind = (answer.header("Content-Type") or "").split(";")[0].strip().lower()
        if kind not in {"text/html", "application/xhtml+xml"}:
            raise CannotTest(Why.NO_PAGE, clean(kind))
        return answer, self._page

    @cached_property
    def _page(self) -> Page:
        return read_page(self.answer().body)

    def secure_port(self) -> int:
        """The port of the site's https address. Raises ``CannotTest`` where it has none."""
        urls = [self.url] if urlsplit(self.url).scheme == "https" else self._led_to()
        secure = next((url for url in reversed(urls) if urlsplit(url).scheme == "https"), None)
        if secure is None:
            raise CannotTest(Why.NO_HTTPS)
        return urlsplit(secure).port or 443

    def _led_to(self) -> list[str]:
        """Addresses on its own host that the front page leads over; also one that could not be asked any more."""
        if isinstance(self._front, CannotTest):
            return [self._asked] if self._asked else []
        return [hop.url for hop in self._front.hops]


def target_of(answer: Fetched) -> str | None:
    """Where an answer redirects to; None where it does not. Cut: it is a stranger's text."""
    location = answer.header("Location")
    if answer.status not in REDIRECTS or not location:
        return None
    try:
        target = urljoin(answer.url, location.strip())
        urlsplit(target).port  # noqa: B018  # raises for what is no number
    except ValueError:
        return None
    return target[:2048]


def origin_of(url: str) -> str:
    """Scheme, host and port alone: what is behind them may hold a token."""
    parts = urlsplit(url)
    return clean(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
