"""A call of a directory: let in by its token, counted, its body read, refusals told in SCIM's form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from msgspec import Struct

from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.numbers import whole_number
from tradepost.market.identity import throttling
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.locking import lock
from tradepost.market.organisations.models import DirectoryToken, Enterprise
from tradepost.market.web.access import answers_nul, declare, now_of
from tradepost.market.web.peer import network_of, peer

from .errors import ScimError, of_refused, wrong_syntax
from .projection import Projection, projection_of

DIRECTORIES = "directories of enterprises, by a token"
CONTENT = "application/scim+json"
TAKEN = frozenset({CONTENT, "application/json"})
LARGEST_BODY = 1024 * 1024
SEARCHED = {name.lower(): name for name in ("filter", "startIndex", "count", "attributes", "excludedAttributes")}
MINUTE = timedelta(minutes=1)
WRONG_TOKENS = 60
"""From one network in a minute; a right token is never refused for them."""


class Call(Struct, frozen=True, kw_only=True):
    """``base``: the address that all resources stand under."""

    request: HttpRequest
    token: DirectoryToken
    enterprise: Enterprise
    now: datetime
    base: str

    def asked(self) -> Mapping[str, str]:
        return {str(name): str(value) for name, value in self.request.GET.items()}

    def searched(self) -> Mapping[str, str]:
        """Of the body of a ``.search``, as if it stood in the address (RFC 7644 §3.4.3). Raises ``ScimError``."""
        found: dict[str, str] = {}
        for name, value in self.body().items():
            known = SEARCHED.get(name.lower())
            if known is None or value is None:
                continue
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in values):
                raise wrong_syntax(f"{known} is a text, a number or a list of texts.")
            found[known] = ",".join(map(str, values))
        return found

    def projection(self) -> Projection:
        """Which attributes the answer has, by the address."""
        return projection_of(self.asked())

    def address(self, *below: object) -> str:
        """Of a resource."""
        return "/".join((self.base, *map(str, below)))

    def hold(self) -> None:
        """In the transaction of an act: what is read from now on stays so until its end. Raises ``Refused``."""
        lock(self.enterprise, by=self.token)

    def body(self) -> dict[str, Any]:
        """Raises ``ScimError`` for what is no JSON object."""
        kind = (self.request.content_type or "").lower()
        if kind not in TAKEN:
            raise ScimError(f"A body is {CONTENT}.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = whole_number(self.request.META.get("CONTENT_LENGTH") or "0")
        if length is None or length > LARGEST_BODY:
            raise _too_large()
        try:
            given = msgspec.json.decode(self.request.body)
        except SuspiciousOperation:
            raise _too_large() from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise wrong_syntax("The body is no JSON.") from None
        if not isinstance(given, dict):
            raise wrong_syntax("The body is a JSON object.")
        return given


type Answer = Callable[..., HttpResponse]


def _too_large() -> ScimError:
    return ScimError(f"A body has at most {LARGEST_BODY} bytes.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def by_method(**answers: Answer) -> Callable[..., HttpResponse]:
    """A view. What an address does is done in a transaction of its own, so that nothing is kept of what is refused."""

    @csrf_exempt
    def view(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponse:
        with translation.override("en"):
            try:
                call = _let_in(request, code)
                act: Answer = answers.get(request.method or "", _not_allowed)
                return act(call, **kwargs)
            except ScimError as wrong:
                return _refused(wrong, allowed=", ".join(answers))
            except Refused as refused:
                return _refused(of_refused(refused))

    view.own_transactions = True  # type: ignore[attr-defined]  # each act has one
    return answers_nul(declare(view, DIRECTORIES))


def _not_allowed(call: Call, **kwargs: Any) -> HttpResponse:
    del kwargs
    raise ScimError(f"{call.request.method} does nothing at this address.", HTTPStatus.METHOD_NOT_ALLOWED)


def _let_in(request: HttpRequest, code: str) -> Call:
    """Raises ``ScimError``. Whether there is such an enterprise is told to nobody without a token of it."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = directory_tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None or token.enterprise.code != code:
        network = network_of(peer(request))
        if wait := throttling.window(
            f"wrong tokens from {network}", most=WRONG_TOKENS, length=MINUTE, now=clock.wall()
        ):
            raise TooOften(f"At most {WRONG_TOKENS} wrong tokens a minute: come again in {wait} seconds.", wait)
        raise ScimError("A token of this enterprise's directory is missing.", HTTPStatus.UNAUTHORIZED)
    settings, now = config(), now_of(request)
    most = settings.directory_calls_a_minute
    if wait := throttling.window(f"directory {token.pk}", most=most, length=MINUTE, now=clock.wall()):
        words = f"At most {most} calls a minute: come again in {wait} seconds."
        raise TooOften(words, wait)
    directory_tokens.used(token, now=now)
    base = f"{settings.auth_centre_of(code)}/scim/v2"
    return Call(request=request, token=token, enterprise=token.enterprise, now=now, base=base)


class TooOften(ScimError):
    """``wait``: seconds until the next call may pass."""

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail, HTTPStatus.TOO_MANY_REQUESTS)
        self.wait = wait


def told(content: Mapping[str, object], status: int = HTTPStatus.OK, *, location: str = "") -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(content), status=status, content_type=CONTENT)
    response["Cache-Control"], response["Content-Language"] = "no-store", "en"
    if location:
        response["Location"] = location
    return response


def done() -> HttpResponse:
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    response["Cache-Control"] = "no-store"
    return response


def _refused(wrong: ScimError, *, allowed: str = "") -> HttpResponse:
    response = told(wrong.told(), wrong.status)
    if wrong.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="scim"'
    if wrong.status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = allowed
    if isinstance(wrong, TooOften):
        response["Retry-After"] = str(wrong.wait)
    return response


def _nothing(call: Call, rest: str = "") -> HttpResponse:
    del call, rest
    raise ScimError("There is nothing at this address.", HTTPStatus.NOT_FOUND)


def _not_implemented(call: Call) -> HttpResponse:
    """RFC 7644 §3.7 and §3.11: what the service does not have at all."""
    del call
    raise ScimError("Bulk operations and /Me are not supported.", HTTPStatus.NOT_IMPLEMENTED)


not_implemented = by_method(
    GET=_not_implemented, POST=_not_implemented, PUT=_not_implemented, PATCH=_not_implemented, DELETE=_not_implemented
)
unknown = by_method(GET=_nothing, POST=_nothing, PUT=_nothing, PATCH=_nothing, DELETE=_nothing)
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def listed(resources: list[dict[str, object]], *, total: int, start: int = 1) -> HttpResponse:
    return told({
        "schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(resources), "Resources": resources,
    })  # fmt: skip
