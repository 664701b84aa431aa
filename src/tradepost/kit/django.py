"""A seller inside a Django project, as one view."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from django.http.request import UnreadablePostError
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tradepost.protocols.http import Request

from .wsgi import BODY_LIMIT, LENGTH, SAFE_IN_PATH, fresh_nonce, read_body, utc_now

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.http import HttpRequest
    from django.urls import URLPattern

    from .seller import Seller


def urls(
    seller: Seller,
    address: str = "produce",
    *,
    protocol: str = "",
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], str] = fresh_nonce,
) -> list[URLPattern]:
    """Routes at ``address`` and, for joint-operation calls, below it: ``urlpatterns = [*urls(seller), …]``.

    ``address`` is written as in ``path``: without the leading slash. All else as for ``view``.
    """
    produce = view(seller, protocol=protocol, clock=clock, chance=chance)
    return [
        path(f"{address.rstrip('/')}{prefix}<str:_call>" if prefix else address, produce)
        for prefix in seller.prefixes(protocol)
    ]


def view(
    seller: Seller,
    *,
    protocol: str = "",
    clock: Callable[[], datetime] = utc_now,
    chance: Callable[[], str] = fresh_nonce,
) -> Callable[[HttpRequest], HttpResponse]:
    """What answers the market, for the URL configuration:

    >>> urlpatterns = [path("produce", view(seller))]

    Exempt from CSRF checks: every request is signed. Run the project on WSGI with waitress or gunicorn.
    ``protocol``: serve only this one here, when each has its own path. Raises ``LookupError`` for one that the seller does
    not speak. For joint-operation calls take ``urls``: they have paths of their own below the address.
    """
    seller.prefixes(protocol)

    @csrf_exempt
    def produce(request: HttpRequest, **_call: str) -> HttpResponse:
        nonce = chance()
        body = _body(request)
        if body is None:
            response = seller.refuse(
                f"the body is unreadable or longer than {BODY_LIMIT} bytes", nonce, protocol=protocol
            )
        else:
            response = seller.respond(request_from(request, body), clock(), nonce, protocol=protocol)
        headers = {**dict(response.headers), "Content-Length": str(len(response.body))}
        return HttpResponse(response.body, status=response.status, headers=headers)

    return produce


def request_from(request: HttpRequest, body: bytes) -> Request:
    """The request as it was sent. The query string is never decoded on the way."""
    host = request.META.get("HTTP_HOST") or f"{request.META['SERVER_NAME']}:{request.META['SERVER_PORT']}"
    query = request.META.get("QUERY_STRING", "")
    url = f"{request.scheme}://{host}{quote(request.path, SAFE_IN_PATH)}{'?' if query else ''}{query}"
    return Request(request.method or "", url, tuple(request.headers.items()), body)


def _body(request: HttpRequest) -> bytes | None:
    announced = request.META.get("CONTENT_LENGTH") or ""
    if not announced and request.META.get("wsgi.input_terminated"):
        # Chunked: Django takes a request without a length for one without a body.
        return read_body(request.META)
    # Asked first: Django would read a long body into memory before anybody could refuse it.
    if announced and (not LENGTH.fullmatch(announced) or int(announced) > BODY_LIMIT):
        return None
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None
    cut = bool(announced) and len(body) != int(announced)
    return None if cut or len(body) > BODY_LIMIT else body
