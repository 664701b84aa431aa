"""Calls whose bodies are written to the disk as they arrive (``web/transfer``): checks before the first and after the
last byte."""

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
from tradepost.market.web.transfer import TRANSFER, Begin, Sink, Transfer, TransferEnd, receive_directly
from tradepost.protocols.http import Response
from tradepost.protocols.open_api.errors import gateway_error

from .answers import ApiDeclaration, ApiErrors, framed_view
from .authentication import Authentication
from .descriptions import AnyDescription
from .request_parts import GatewayRefused, NotReadable, is_chunked

type StartReceiving = Callable[..., Sink]
"""Returns the sink of the body, given the request's headers and path parameters. Raises what the view may raise."""


class UploadDeclaration(ApiDeclaration, frozen=True):
    """A declaration with a sink. ``largest_body``: maximum bytes received in memory; ``start``: called for larger
    bodies."""

    start: StartReceiving


def receives_upload(
    method: str,
    *,
    held: int,
    start: StartReceiving,
    authentication: Authentication,
    errors: ApiErrors,
    described: AnyDescription,
    also: tuple[str, ...] = (),
) -> Callable[[Callable[..., Response]], Callable[..., Any]]:
    """Make a view of an API that gets the received ``Transfer`` after the request and its id.

    The transfer is None for the methods in ``also``, which have no body.
    """

    def decorate(api: Callable[..., Response]) -> Callable[..., Any]:
        def answer(http: HttpRequest, request_id: str, **path: str) -> Response:
            if http.method in also:
                return api(http, request_id, None, **path)
            if http.method != method:
                raise GatewayRefused(gateway_error("APIGW.0101"))
            transfer: Transfer = http.META.get(TRANSFER) or _receive_from_memory(http, start, path)
            if transfer.sink is None:
                raise transfer.error or NotReadable(500)
            try:
                return api(http, request_id, transfer, **path)
            finally:
                transfer.sink.release()

        answer.__name__, answer.__doc__ = api.__name__, api.__doc__
        return framed_view(answer, takes=UploadDeclaration((method,), held, authentication, errors, described, start))

    return decorate


def transfer_of(environ: Environ) -> Begin | None:
    """Return the function that receives the body of this request; None if it is received in memory. Does not block."""
    try:
        view = resolve(environ["PATH_INFO"]).func
    except Resolver404:
        return None
    takes = getattr(view, "takes", None)
    if (
        not isinstance(takes, UploadDeclaration)
        or environ["REQUEST_METHOD"] not in takes.methods
        or not has_body(environ)
    ):
        return None
    length = stated_length(environ)
    return partial(_begin, takes) if length is None or length > takes.largest_body else None


def _begin(takes: UploadDeclaration, environ: Environ) -> Transfer:
    http = WSGIRequest(dict(environ))
    http.now = clock.cached_now()  # type: ignore[attr-defined]
    try:
        http.get_host()  # the view's middleware also refuses an unknown host
        return Transfer(takes.start(http, **resolve(http.path_info).kwargs))
    except Exception as error:  # noqa: BLE001  # the view raises it again in its frame
        return Transfer(error=error)


def _receive_from_memory(http: HttpRequest, start: StartReceiving, path: dict[str, str]) -> Transfer:
    """Receive a body from memory, or on a server without an event loop."""
    source = http.META["wsgi.input"] if is_chunked(http) else http
    return receive_directly(start(http, **path), source.read)


def check_complete(transfer: Transfer) -> None:
    """Raise the sink's error, or ``NotReadable`` for an incomplete body."""
    if transfer.error:
        raise transfer.error
    match transfer.ended:
        case TransferEnd.CUT:
            raise NotReadable(400, "the body broke off")
        case TransferEnd.LATE:
            raise NotReadable(400, "the body did not come in time")
        case TransferEnd.LONG:
            raise NotReadable(413)
