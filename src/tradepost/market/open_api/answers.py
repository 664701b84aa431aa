"""The frame around every open API: request id, size limits, authentication, rate limit, and JSON errors."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache, wraps
from typing import Any

import structlog
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseServerError
from django.template.loader import render_to_string
from django.urls import Resolver404, ResolverMatch, get_urlconf, resolve
from django.views import defaults
from django.views.decorators.csrf import csrf_exempt
from msgspec import Struct

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.values import replace
from tradepost.market.web import programs
from tradepost.market.web.busy import RETRY_AFTER, busy_page, is_busy
from tradepost.market.web.lanes import SENDER
from tradepost.market.web.peer import peer
from tradepost.market.web.site_homes import plain_context
from tradepost.market.web.writers import require_slot
from tradepost.protocols.http import Request, Response
from tradepost.protocols.open_api import sandbox_time
from tradepost.protocols.open_api.errors import (
    GATEWAY_ERRORS,
    ORDER_QUERY_ERRORS,
    WRONG_RECORDS,
    ApiError,
    Envelope,
    both_envelopes,
    failure_response,
    gateway_error,
    gateway_response,
)

from .authentication import Authentication, Caller, NotAuthenticated, RequestHead
from .descriptions import AnyDescription, Description
from .request_parts import MAX_BODY_BYTES, GatewayRefused, body_of, check_sizes, head_of, is_large
from .throttle import rate_limit

log = structlog.get_logger("tradepost.open_api")


class ApiRequest(Struct, frozen=True):
    """A request of an authenticated caller. ``request_id`` is in the response and in the log."""

    http: HttpRequest
    request: Request
    """The signed request with its body."""
    caller: Caller
    now: datetime
    request_id: str
    path: Mapping[str, str]
    """Path parameters by name."""


class ResponseReady(Exception):
    """Return ``response`` unchanged."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class ApiRefused(Exception):
    """A refusal by a row of the API's error table. An authentication may raise it for a body without a caller."""

    def __init__(self, code: str, detail: str = "", *, parameter: str = "", wrong_records: int = 0) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.extra: dict[str, object] = {"parameter": parameter} if parameter else {}
        if wrong_records:
            self.extra[WRONG_RECORDS] = wrong_records


class ApiErrors(Struct, frozen=True, kw_only=True):
    """The errors of an API: its table, the envelope of responses, and the rows for errors of the frame.

    Rows of the gateway's table use the gateway's envelope.
    """

    table: Mapping[str, ApiError]
    envelope: Envelope
    not_authenticated: ApiError
    too_often: ApiError
    internal: ApiError

    def answer(self, error: ApiError, request_id: str, detail: str = "", **extra: object) -> Response:
        if error in GATEWAY_ERRORS:
            return gateway_response(error, request_id=request_id, detail=detail)
        return failure_response(
            error, self.envelope, detail=detail, extra_info={"requestId": request_id, **extra}
        )  # fmt: skip


ORDER_QUERY_FAILURES = ApiErrors(
    table=ORDER_QUERY_ERRORS,
    envelope=both_envelopes,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=ORDER_QUERY_ERRORS["MKT.0250"],
    internal=ORDER_QUERY_ERRORS["MKT.0999"],
)

type Api = Callable[[ApiRequest], Response]


class ApiDeclaration(Struct, frozen=True):
    """What an API decides before the body is received. ``largest_body``: bytes that are held in memory."""

    methods: tuple[str, ...]
    largest_body: int
    authentication: Authentication
    errors: ApiErrors
    described: AnyDescription


def open_api(
    method: str,
    *,
    authentication: Authentication,
    errors: ApiErrors,
    described: Description,
    largest_body: int = MAX_BODY_BYTES,
) -> Callable[[Api], Callable[..., HttpResponse]]:
    """Make a view of an API. In every case the caller gets JSON with the documented members.

    ``descriptions``: the API's entry in the OpenAPI document.

    Method, size and the header part of ``authentication`` are checked before the body is read. The server does not even
    receive a body that is too large for its API (``max_body_bytes``), or a large one of an unknown caller
    (``is_caller_known``).
    """

    def decorate(api: Api) -> Callable[..., HttpResponse]:
        @wraps(api)
        def answer(http: HttpRequest, request_id: str, **path: str) -> Response:
            if http.method != method:
                # The gateway identifies an API by method and path; its table uses 405 for other errors (§C.2).
                raise GatewayRefused(gateway_error("APIGW.0101"))
            caller, request = _authenticate(http, authentication, largest_body)
            now: datetime = http.now  # type: ignore[attr-defined]  # set by ApiMiddleware
            return api(ApiRequest(http, request, caller, now, request_id, path))

        return framed_view(answer, takes=ApiDeclaration((method,), largest_body, authentication, errors, described))

    return decorate


type ApiView = Callable[..., Response]
"""Answers a request, given its id and path parameters. May raise ``ApiRefused``, ``GatewayRefused``,
``NotAuthenticated``."""


def framed_view(answer: ApiView, *, takes: ApiDeclaration) -> Callable[..., HttpResponse]:
    """Wrap an API as a view. In every case the caller gets JSON with the documented members."""
    errors = takes.errors

    @wraps(answer)
    def view(request: HttpRequest, **path: str) -> HttpResponse:
        request_id = _request_id()
        try:
            require_slot(request)
            response = _response_or_error(lambda: answer(request, request_id, **path), errors, request_id)
        except Exception as error:  # internal errors must also use the documented form
            if is_busy(error):
                log.warning("open_api_without_database", path=request.path)
                response = _busy(request_id)
            else:
                log.exception("open_api_failed", path=request.path)
                response = failure_response(errors.internal, errors.envelope)
        http_response = to_http(response, request_id)
        if config().sandbox and hasattr(request, "now"):
            http_response[sandbox_time.HEADER] = sandbox_time.dump(request.now)
        return http_response

    view.takes = takes  # type: ignore[attr-defined]
    view.own_transactions = True  # type: ignore[attr-defined]  # read by RequestMiddleware: reads take no write lock
    return csrf_exempt(view)


def _response_or_error(answer: Callable[[], Response], errors: ApiErrors, request_id: str) -> Response:
    try:
        return answer()
    except ResponseReady as answered:
        return answered.response
    except ApiRefused as refusal:
        return errors.answer(errors.table[refusal.code], request_id, refusal.detail, **refusal.extra)
    except GatewayRefused as refusal:
        response = gateway_response(refusal.error, request_id=request_id, detail=refusal.detail)
        return _with_retry_after(response, refusal.retry_after) if refusal.retry_after else response
    except NotAuthenticated as refusal:
        response = errors.answer(errors.not_authenticated, request_id, refusal.detail)
        return _with_retry_after(response, refusal.retry_after) if refusal.retry_after else response
    except RateLimited as refusal:
        return _with_retry_after(errors.answer(errors.too_often, request_id, retryAfter=refusal.wait), refusal.wait)


class RateLimited(Exception):
    """The rate limit is exceeded. ``wait``: seconds until the next request."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


def count_request(caller: Caller, wall: datetime) -> None:
    """Count a request. Raises ``TooOften`` above the caller's rate limit."""
    if wait := rate_limit().wait(caller.key, now=wall):
        raise RateLimited(wait)


def _authenticate(http: HttpRequest, authentication: Authentication, max_bytes: int) -> tuple[Caller, Request]:
    """Return the authenticated caller and the full request."""
    now: datetime = http.now  # type: ignore[attr-defined]
    wall = clock.wall()
    check_sizes(http, max_bytes)
    head = head_of(http)
    check = authentication(RequestHead(head, peer(http), wall, now, is_large(http)))
    request = replace(head, body=body_of(http, max_bytes))
    caller = check(request)
    http.META[SENDER] = caller.sender
    count_request(caller, wall)
    return caller, request


def _with_retry_after(response: Response, seconds: int) -> Response:
    return replace(response, headers=(*response.headers, ("Retry-After", str(seconds))))


def _busy(request_id: str) -> Response:
    """Answer that the database is unavailable or busy, so that the same request can be repeated (§C.2)."""
    return _with_retry_after(gateway_response(gateway_error("APIGW.0201", 502), request_id=request_id), RETRY_AFTER)


def _request_id() -> str:
    """Return the request id of the access log, or a new one without it (in a test or another server)."""
    return str(structlog.contextvars.get_contextvars().get("request") or uuid.uuid4().hex)


def to_http(response: Response, request_id: str) -> HttpResponse:
    http_response = HttpResponse(response.body, status=response.status, headers=dict(response.headers))
    if "Content-Type" not in dict(response.headers):
        del http_response["Content-Type"]  # Django's default, wrong for an empty body
    http_response["X-Request-Id"] = request_id
    # Buyers' data: only the seller may cache it, and must revalidate it.
    http_response.headers.setdefault("Cache-Control", "private, no-cache")
    return http_response


def match_of(path: str) -> ResolverMatch:
    """Return the API at a path. Raises ``Resolver404``. Cached, since resolving takes as long as a signature."""
    return _match(path, get_urlconf() or settings.ROOT_URLCONF)


@lru_cache(maxsize=256)
def _match(path: str, urlconf: str) -> ResolverMatch:
    return resolve(path, urlconf)


def max_body_bytes(environ: Mapping[str, Any]) -> int:
    """Return the maximum body size of the API at this path and method in bytes; 0 if there is no such API."""
    try:
        view = match_of(environ["PATH_INFO"]).func
    except Resolver404:
        return 0
    takes: ApiDeclaration | None = getattr(view, "takes", None)
    return takes.largest_body if takes and environ["REQUEST_METHOD"] in takes.methods else 0


def is_caller_known(environ: Mapping[str, Any]) -> bool:
    """Return whether the headers authenticate the caller, so that a large body may be received."""
    view: Any = match_of(environ["PATH_INFO"]).func
    takes: ApiDeclaration = view.takes
    http = WSGIRequest(dict(environ))
    try:
        takes.authentication(RequestHead(head_of(http), peer(http), clock.wall(), clock.cached_now(), is_large=True))
    except NotAuthenticated:
        return False
    return True


def is_for_programs(request: HttpRequest) -> bool:
    """Return whether the address is under a prefix of the APIs."""
    return programs.is_for_programs(request.path_info)


@csrf_exempt
def unknown_api(_request: HttpRequest, **_rest: str) -> HttpResponse:
    """Answer for an address under the prefix without an API (§C.2)."""
    request_id = _request_id()
    return to_http(gateway_response(gateway_error("APIGW.0101"), request_id=request_id), request_id)


unknown_api.own_transactions = True  # type: ignore[attr-defined]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler for requests refused before any view, such as one for an unknown host."""
    if not is_for_programs(request):
        return defaults.bad_request(request, exception)
    request_id = _request_id()
    return to_http(gateway_response(gateway_error("APIGW.0201", 400), request_id=request_id), request_id)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler for uncaught exceptions. A busy or unavailable database asks to retry."""
    is_busy_error = is_busy(sys.exception())
    if not is_for_programs(request):
        if is_busy_error:
            return busy_page(request)
        return HttpResponseServerError(render_to_string("500.html", plain_context(request)))
    request_id = _request_id()
    if is_busy_error:
        return to_http(_busy(request_id), request_id)
    return to_http(gateway_response(gateway_error("APIGW.0601"), request_id=request_id), request_id)
