"""What every open API does alike: a request id, sizes, the caller, its rate, and a JSON envelope even for our own errors."""

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
from django.http import HttpRequest, HttpResponse, HttpResponseBase
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
from tradepost.market.web.writers import must_have_a_place
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

from .authentication import Authentication, Caller, Head, NotAuthenticated
from .described import Declared, Described
from .received import LARGEST_BODY, GatewayRefused, body_of, check_sizes, head_of, is_large
from .throttle import rate_limit

log = structlog.get_logger("tradepost.open_api")


class ApiRequest(Struct, frozen=True):
    """A request whose caller is known and may ask. ``request_id`` goes into the answer and the log."""

    http: HttpRequest
    request: Request
    """As it was signed, with its body."""
    caller: Caller
    now: datetime
    request_id: str
    path: Mapping[str, str]
    """What the path holds, by name."""


class Answered(Exception):
    """``response`` as it is, whatever the tables say."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status)
        self.response = response


class ApiRefused(Exception):
    """A row of the API's error table as the answer to a request; an authentication may raise it for a body that names nobody."""

    def __init__(self, code: str, detail: str = "", *, parameter: str = "", wrong_records: int = 0) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.extra: dict[str, object] = {"parameter": parameter} if parameter else {}
        if wrong_records:
            self.extra[WRONG_RECORDS] = wrong_records


class Errors(Struct, frozen=True, kw_only=True):
    """How an API says what went wrong: its table, the form of its answers, and the rows for what the frame finds.

    A row of the gateway's table is answered in the gateway's form, whatever the API's own is.
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


OF_ORDER_QUERY = Errors(
    table=ORDER_QUERY_ERRORS,
    envelope=both_envelopes,
    not_authenticated=gateway_error("APIGW.0301"),
    too_often=ORDER_QUERY_ERRORS["MKT.0250"],
    internal=ORDER_QUERY_ERRORS["MKT.0999"],
)

type Api = Callable[[ApiRequest], Response]


class Takes(Struct, frozen=True):
    """What of a request an API decides before its body is received. ``largest_body``: bytes that are held in memory."""

    methods: tuple[str, ...]
    largest_body: int
    authentication: Authentication
    errors: Errors
    described: Declared


def open_api(
    method: str,
    *,
    authentication: Authentication,
    errors: Errors,
    described: Described,
    largest_body: int = LARGEST_BODY,
) -> Callable[[Api], Callable[..., HttpResponse]]:
    """Make a view of an API. Whatever happens inside, the caller gets JSON with the documented members.

    ``described``: what the OpenAPI document says of it.

    Method, sizes and what ``authentication`` knows by the head are decided before the body is looked at; by path, method
    and stated size the server does not even receive one (``largest_body_of``), nor a large one of somebody unknown
    (``is_caller_known``).
    """

    def decorate(api: Api) -> Callable[..., HttpResponse]:
        @wraps(api)
        def answer(http: HttpRequest, request_id: str, **path: str) -> Response:
            if http.method != method:
                # To the gateway an API is a method and a path; 405 means other things in its table (§C.2).
                raise GatewayRefused(gateway_error("APIGW.0101"))
            caller, request = _known(http, authentication, largest_body)
            now: datetime = http.now  # type: ignore[attr-defined]  # set by ApiMiddleware
            return api(ApiRequest(http, request, caller, now, request_id, path))

        return framed(answer, takes=Takes((method,), largest_body, authentication, errors, described))

    return decorate


type Answer = Callable[..., Response]
"""Of a request and its id, and what its path holds by name. May raise ``ApiRefused``, ``GatewayRefused``, ``NotAuthenticated``."""


def framed(answer: Answer, *, takes: Takes) -> Callable[..., HttpResponse]:
    """The view around it: whatever happens inside, the caller gets JSON with the documented members."""
    errors = takes.errors

    @wraps(answer)
    def view(request: HttpRequest, **path: str) -> HttpResponse:
        request_id = _request_id()
        try:
            must_have_a_place(request)
            response = _or_refused(lambda: answer(request, request_id, **path), errors, request_id)
        except Exception as fault:  # an error of ours must still answer in the documented form
            if is_busy(fault):
                log.warning("open_api_without_database", path=request.path)
                response = _busy(request_id)
            else:
                log.exception("open_api_failed", path=request.path)
                response = failure_response(errors.internal, errors.envelope)
        answered = to_http(response, request_id)
        if config().sandbox and hasattr(request, "now"):
            answered[sandbox_time.HEADER] = sandbox_time.dump(request.now)
        return answered

    view.takes = takes  # type: ignore[attr-defined]
    view.own_transactions = True  # type: ignore[attr-defined]  # read by RequestMiddleware: reading takes no write lock
    return csrf_exempt(view)


def _or_refused(answer: Callable[[], Response], errors: Errors, request_id: str) -> Response:
    try:
        return answer()
    except Answered as answered:
        return answered.response
    except ApiRefused as refused:
        return errors.answer(errors.table[refused.code], request_id, refused.detail, **refused.extra)
    except GatewayRefused as refused:
        response = gateway_response(refused.error, request_id=request_id, detail=refused.detail)
        return _with_retry_after(response, refused.retry_after) if refused.retry_after else response
    except NotAuthenticated as refused:
        response = errors.answer(errors.not_authenticated, request_id, refused.detail)
        return _with_retry_after(response, refused.retry_after) if refused.retry_after else response
    except TooOften as refused:
        return _with_retry_after(errors.answer(errors.too_often, request_id, retryAfter=refused.wait), refused.wait)


class TooOften(Exception):
    """``wait``: seconds until the caller may ask again."""

    def __init__(self, wait: int) -> None:
        super().__init__(wait)
        self.wait = wait


def count(caller: Caller, wall: datetime) -> None:
    """Raises ``TooOften`` when this caller asks too often."""
    if wait := rate_limit().wait(caller.key, now=wall):
        raise TooOften(wait)


def _known(http: HttpRequest, authentication: Authentication, largest: int) -> tuple[Caller, Request]:
    """Who calls, and the whole of what was signed."""
    now: datetime = http.now  # type: ignore[attr-defined]
    wall = clock.wall()
    check_sizes(http, largest)
    head = head_of(http)
    check = authentication(Head(head, peer(http), wall, now, is_large(http)))
    request = replace(head, body=body_of(http, largest))
    caller = check(request)
    http.META[SENDER] = caller.sender
    count(caller, wall)
    return caller, request


def _with_retry_after(response: Response, seconds: int) -> Response:
    return replace(response, headers=(*response.headers, ("Retry-After", str(seconds))))


def _busy(request_id: str) -> Response:
    """The database is away or busy: nobody is at fault, and the same request will do (§C.2)."""
    return _with_retry_after(gateway_response(gateway_error("APIGW.0201", 502), request_id=request_id), RETRY_AFTER)


def _request_id() -> str:
    """The one that the access log writes; without it (a test, another server) a new one."""
    return str(structlog.contextvars.get_contextvars().get("request") or uuid.uuid4().hex)


def to_http(response: Response, request_id: str) -> HttpResponse:
    answer = HttpResponse(response.body, status=response.status, headers=dict(response.headers))
    if "Content-Type" not in dict(response.headers):
        del answer["Content-Type"]  # Django's default, wrong where there is no body
    answer["X-Request-Id"] = request_id
    # Buyers' data: a cache may hold it for the seller alone, and asks before it uses it again.
    answer.headers.setdefault("Cache-Control", "private, no-cache")
    return answer


def match_of(path: str) -> ResolverMatch:
    """Which API is at a path. Raises ``Resolver404``. Sellers push to one address all day: it is kept, since a look through the
    patterns takes as long as a signature."""
    return _match(path, get_urlconf() or settings.ROOT_URLCONF)


@lru_cache(maxsize=256)
def _match(path: str, urlconf: str) -> ResolverMatch:
    return resolve(path, urlconf)


def largest_body_of(environ: Mapping[str, Any]) -> int:
    """Bytes of body that the API at this path takes by this method; 0 where there is no such API, and nothing is read."""
    try:
        view = match_of(environ["PATH_INFO"]).func
    except Resolver404:
        return 0
    takes: Takes | None = getattr(view, "takes", None)
    return takes.largest_body if takes and environ["REQUEST_METHOD"] in takes.methods else 0


def is_caller_known(environ: Mapping[str, Any]) -> bool:
    """Whether the caller of an API may send a large body, as far as the head of the request tells."""
    view: Any = match_of(environ["PATH_INFO"]).func
    takes: Takes = view.takes
    http = WSGIRequest(dict(environ))
    try:
        takes.authentication(Head(head_of(http), peer(http), clock.wall(), clock.lately(), is_large=True))
    except NotAuthenticated:
        return False
    return True


def is_for_programs(request: HttpRequest) -> bool:
    """Whether the address is under a prefix of the APIs."""
    return programs.is_for_programs(request.path_info)


@csrf_exempt
def unknown_api(_request: HttpRequest, **_rest: str) -> HttpResponse:
    """An address under the prefix at which there is no API (§C.2)."""
    request_id = _request_id()
    return to_http(gateway_response(gateway_error("APIGW.0101"), request_id=request_id), request_id)


unknown_api.own_transactions = True  # type: ignore[attr-defined]


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler of requests that are refused before any view, such as one for a host that is not ours."""
    if not is_for_programs(request):
        return defaults.bad_request(request, exception)
    request_id = _request_id()
    return to_http(gateway_response(gateway_error("APIGW.0201", 400), request_id=request_id), request_id)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler of what nobody caught: a database that is away or busy answers later, the rest is an error of ours."""
    busy = is_busy(sys.exception())
    if not is_for_programs(request):
        return busy_page(request) if busy else defaults.server_error(request)
    request_id = _request_id()
    if busy:
        return to_http(_busy(request_id), request_id)
    return to_http(gateway_response(gateway_error("APIGW.0601"), request_id=request_id), request_id)
