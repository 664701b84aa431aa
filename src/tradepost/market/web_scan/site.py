"""The site for checks: its front page, fetched once, and further requests, all within one budget.

This module alone limits the load: few requests, one at a time with a pause in between, each with limits of time and
size, only to the task's own host, and only through the guard."""

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
from tradepost.market.base.outbound import REDIRECTS, Bounds, FetchedResponse, NoResponse, fetch
from tradepost.market.base.outbound_policy import OutboundPolicy

from .contract import CannotTest, UntestedReason, clean_text
from .page import Page, read_page

TIMEOUT = 10.0
MAX_BYTES = 262_144
MAX_HOPS = 5


class Budget(Struct, frozen=True, kw_only=True):
    """Limits of a run. ``pause``: seconds between two requests."""

    requests: int = 40
    seconds: float = 120.0
    pause: float = 0.2


class FrontPage(Struct, frozen=True, kw_only=True):
    """The redirects of the address on its own host. ``hops``: every response on the way, including the last.
    ``left``: the foreign address to which it finally redirects, which is not requested."""

    hops: tuple[FetchedResponse, ...]
    left: str = ""

    @property
    def last(self) -> FetchedResponse:
        return self.hops[-1]


@dataclass
class Site:
    """``trust``: the TLS context. ``sslyze``: the command of the TLS scanner, empty for none. ``go_on`` raises if the
    run must end."""

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

    def ask(self, url: str) -> FetchedResponse:
        """Return the response of a request, without following redirects. Raises ``CannotTest``."""
        if not self.is_own(url):
            raise CannotTest(UntestedReason.OTHER_HOST, origin_of(url))
        if self.requests >= self.budget.requests or self.left_seconds <= 0:
            raise CannotTest(UntestedReason.BUDGET)
        self._wait()
        self.requests += 1
        timeout = max(0.5, min(TIMEOUT, self.left_seconds))
        bounds = Bounds(outbound=self.outbound, within=timeout, most_bytes=MAX_BYTES, cut=True, trust=self.trust)
        try:
            return fetch(url, bounds, headers={"Accept": "text/html,*/*;q=0.5"})
        except NoResponse as failure:
            raise CannotTest(UntestedReason(failure.why.value), clean_text(failure.detail)) from None
        finally:
            self._last = time.monotonic()

    def _wait(self) -> None:
        self.go_on()
        time.sleep(max(0.0, self.budget.pause - (time.monotonic() - self._last)))

    def is_own(self, url: str) -> bool:
        """Return whether an address is on the host of this run, the only one that the seller has proven."""
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and (parts.hostname or "") == self.host

    def connection(self, port: int) -> socket.socket:
        """Open a connection to its own host, through the guard. Raises ``CannotTest``."""
        self.go_on()
        try:
            return guarded_connection(self.host, port, TIMEOUT, outbound=self.outbound)
        except AddressBlocked as blocked:
            raise CannotTest(UntestedReason.ADDRESS, clean_text(str(blocked))) from None
        except TimeoutError:
            raise CannotTest(UntestedReason.TIMEOUT) from None
        except socket.gaierror as error:
            raise CannotTest(UntestedReason.DNS, clean_text(str(error))) from None
        except OSError as error:
            raise CannotTest(UntestedReason.CONNECT, clean_text(str(error))) from None

    def address(self, port: int) -> str:
        """Return the permitted IP address of the host that accepts connections. Raises ``CannotTest``."""
        with self.connection(port) as answering:
            return str(answering.getpeername()[0])

    # --- the front page
    # ---------------------------------------------------------------------------------------------------

    def front(self) -> FrontPage:
        """Return the front page with its redirects. Raises ``CannotTest`` on each call if it could not be
        requested."""
        result = self._front
        if isinstance(result, CannotTest):
            raise CannotTest(result.why, result.detail)
        return result

    @cached_property
    def _front(self) -> FrontPage | CannotTest:
        try:
            return self._follow()
        except CannotTest as error:
            return error

    def _follow(self) -> FrontPage:
        url, hops = self.url, []
        for _hop in range(MAX_HOPS + 1):
            self._asked = url
            answer = self.ask(url)
            hops.append(answer)
            target = target_of(answer)
            if target is None:
                return FrontPage(hops=tuple(hops))
            if not self.is_own(target):
                return FrontPage(hops=tuple(hops), left=target)
            url = target
        raise CannotTest(UntestedReason.REDIRECTS, clean_text(url))

    def answer(self) -> FetchedResponse:
        """Return the response of the front page, with any status except server errors and redirects to other
        hosts."""
        front = self.front()
        if front.left:
            raise CannotTest(UntestedReason.OTHER_HOST, origin_of(front.left))
        if front.last.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise CannotTest(UntestedReason.STATUS, str(front.last.status))
        return front.last

    def page(self) -> tuple[FetchedResponse, Page]:
        """Return the front page and its content. Raises ``CannotTest`` if it is not HTML."""
        answer = self.answer()
        kind = (answer.header("Content-Type") or "").split(";")[0].strip().lower()
        if kind not in {"text/html", "application/xhtml+xml"}:
            raise CannotTest(UntestedReason.NO_PAGE, clean_text(kind))
        return answer, self._page

    @cached_property
    def _page(self) -> Page:
        return read_page(self.answer().body)

    def secure_port(self) -> int:
        """Return the port of the site's https address. Raises ``CannotTest`` if it has none."""
        urls = [self.url] if urlsplit(self.url).scheme == "https" else self._led_to()
        secure = next((url for url in reversed(urls) if urlsplit(url).scheme == "https"), None)
        if secure is None:
            raise CannotTest(UntestedReason.NO_HTTPS)
        return urlsplit(secure).port or 443

    def _led_to(self) -> list[str]:
        """Return the addresses on its own host to which the front page redirects, even if the last did not
        respond."""
        if isinstance(self._front, CannotTest):
            return [self._asked] if self._asked else []
        return [hop.url for hop in self._front.hops]


def target_of(answer: FetchedResponse) -> str | None:
    """Return the target of a redirect; None for other responses. Truncated, because it is untrusted text."""
    location = answer.header("Location")
    if answer.status not in REDIRECTS or not location:
        return None
    try:
        target = urljoin(answer.url, location.strip())
        urlsplit(target).port  # noqa: B018  # raises for an invalid port
    except ValueError:
        return None
    return target[:2048]


def origin_of(url: str) -> str:
    """Return scheme, host and port only, because the rest may contain a token."""
    parts = urlsplit(url)
    return clean_text(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
