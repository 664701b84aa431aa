"""Calls whose bodies go to the disk as they come (``web/transfer``): what is looked at before the first byte, and after the last."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.urls import Resolver404, resolve

from tradepost.market.base import clock
from tradepost.market.web.answering import Environ
from tradepost.market.web.environs import has_body, stated_length
from tradepost.market.web.transfer import TRANSFER, Begin, Ended, Sink, Transfer, take_here
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.errors import gateway_error

from .answers import Errors, Takes, framed
from .authentication import Authentication
from .described import Declared
from .received import GatewayRefused, NotReadable, is_chunked

type Start = Callable[..., Sink]
"""Of the head of a request, and what its path holds by name: where its body goes. Raises what the view may raise."""


class TakesIn(Takes, frozen=True):
    """``largest_body``: bytes of a body that is received in memory like any other; ``start``: asked about a larger one."""

    start: Start


def takes_in(
    method: str,
    *,
    held: int,
    start: Start,
    authentication: Authentication,
    errors: Errors,
    described: Declared,
    also: tuple[str, ...] = (),
) -> Callable[[Callable[..., Response]], Callable[..., Any]]:
    """Make a view of an API that is given the ``Transfer`` which came in, after the request and its id; None by the methods that
    it has ``also``, which bring nothing."""

    def decorate(api: Callable[..., Response]) -> Callable[..., Any]:
        def answer(http: HttpRequest, request_id: str, **path: str) -> Response:
            if http.method in also:
                return api(http, request_id, None, **path)
            if http.method != method:
                raise GatewayRefused(gateway_error("APIGW.0101"))
            transfer: Transfer = http.META.get(TRANSFER) or _here(http, start, path)
            if transfer.sink is None:
                raise transfer.error or NotReadable(500)
            try:
                return api(http, request_id, transfer, **path)
            finally:
                transfer.sink.release()

        answer.__name__, answer.__doc__ = api.__name__, api.__doc__
        return framed(answer, takes=TakesIn((method,), held, authentication, errors, described, start))

    return decorate


def transfer_of(environ: Environ) -> Begin | None:
    """What begins to take in the body of this request; None where it is received like any other. Does not wait."""
    try:
        view = resolve(environ["PATH_INFO"]).func
    except Resolver404:
        return None
    takes = getattr(view, "takes", None)
    if not isinstance(takes, TakesIn) or environ["REQUEST_METHOD"] not in takes.methods or not has_body(environ):
        return None
    length = stated_length(environ)
    return partial(_begin, takes) if length is None or length > takes.largest_body else None


def _begin(takes: TakesIn, environ: Environ) -> Transfer:
    http = WSGIRequest(dict(environ))
    http.now = clock.lately()  # type: ignore[attr-defined]
    try:
        http.get_host()  # one that is not ours is refused by the view's middleware as well
        return Transfer(takes.start(http, **resolve(http.path_info).kwargs))
    except Exception as error:  # noqa: BLE001  # the view raises it again, in its frame
        return Transfer(error=error)


def _here(http: HttpRequest, start: Start, path: dict[str, str]) -> Transfer:
    """Of a body that lies in memory, or comes under a server without an event loop."""
    source = http.META["wsgi.input"] if is_chunked(http) else http
    return take_here(start(http, **path), source.read)


def check_ended(transfer: Transfer) -> None:
    """Raises what its sink did, and ``NotReadable`` for a body that did not come to its end."""
    if transfer.error:
        raise transfer.error
    match transfer.ended:
        case Ended.CUT:
            raise NotReadable(400, "the body broke off")
        case Ended.LATE:
            raise NotReadable(400, "the body did not come in time")
        case Ended.LONG:
            raise NotReadable(413)
