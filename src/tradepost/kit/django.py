"""A seller inside a Django project, as a view."""

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
    """Return routes at ``address`` and, for joint-operation calls, below it: ``urlpatterns = [*urls(seller), …]``.

    ``address``: as in ``path``, without the leading slash. The other arguments are those of ``view``.
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
    """Return the view for the market's calls:

    >>> urlpatterns = [path("produce", view(seller))]

    Exempt from CSRF checks, since every request is signed. Run the project on WSGI with waitress or gunicorn.
    ``protocol``: serve only this protocol, if each has its own path. Raises ``LookupError`` for a protocol that the
    seller does not support. Use ``urls`` for joint-operation calls, which have paths below the address.
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
    """Return the request as sent, without decoding the query string."""
    host = request.META.get("HTTP_HOST") or f"{request.META['SERVER_NAME']}:{request.META['SERVER_PORT']}"
    query = request.META.get("QUERY_STRING", "")
    url = f"{request.scheme}://{host}{quote(request.path, SAFE_IN_PATH)}{'?' if query else ''}{query}"
    return Request(request.method or "", url, tuple(request.headers.items()), body)


def _body(request: HttpRequest) -> bytes | None:
    announced_length = request.META.get("CONTENT_LENGTH") or ""
    if not announced_length and request.META.get("wsgi.input_terminated"):
        # Chunked: Django treats a request without a length as one without a body.
        return read_body(request.META)
    # Checked first: Django would read a long body into memory before the view could refuse it.
    if announced_length and (not LENGTH.fullmatch(announced_length) or int(announced_length) > BODY_LIMIT):
        return None
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError):
        return None
    is_cut = bool(announced_length) and len(body) != int(announced_length)
    return None if is_cut or len(body) > BODY_LIMIT else body
