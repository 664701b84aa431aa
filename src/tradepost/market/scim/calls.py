"""Calls of a directory: authentication by token, rate limits, parsing of the body, and SCIM errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
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
from tradepost.market.identity import limits, throttling
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.locking import lock
from tradepost.market.organisations.models import DirectoryToken, Enterprise
from tradepost.market.web.access import accept_nul, declare_access, now_of
from tradepost.market.web.peer import network_of, peer

from .errors import ScimError, error_of_refusal, invalid_syntax
from .projection import Projection, projection_of

DIRECTORY_ACCESS = "directories of enterprises, by a token"
SCIM_CONTENT_TYPE = "application/scim+json"
ACCEPTED_TYPES = frozenset({SCIM_CONTENT_TYPE, "application/json"})
MAX_BODY_BYTES = 1024 * 1024
SEARCH_PARAMETERS = {
    name.lower(): name for name in ("filter", "startIndex", "count", "attributes", "excludedAttributes")
}
"""Search parameters by lower-case name."""


class DirectoryCall(Struct, frozen=True, kw_only=True):
    """A call of a directory. ``base``: the address of the directory."""

    request: HttpRequest
    token: DirectoryToken
    enterprise: Enterprise
    now: datetime
    base: str

    def asked(self) -> Mapping[str, str]:
        return {str(name): str(value) for name, value in self.request.GET.items()}

    def searched(self) -> Mapping[str, str]:
        """Return the parameters in the body of a ``.search`` (RFC 7644 §3.4.3). Raises ``ScimError``."""
        parameters: dict[str, str] = {}
        for name, value in self.body().items():
            name_in_scim = SEARCH_PARAMETERS.get(name.lower())
            if name_in_scim is None or value is None:
                continue
            values = value if isinstance(value, list) else [value]
            if not all(isinstance(item, str | int) and not isinstance(item, bool) for item in values):
                raise invalid_syntax(f"{name_in_scim} is a text, a number or a list of texts.")
            parameters[name_in_scim] = ",".join(map(str, values))
        return parameters

    def projection(self) -> Projection:
        """Return the requested attributes, from the query string."""
        return projection_of(self.asked())

    def address(self, *below: object) -> str:
        """Return the address of a resource."""
        return "/".join((self.base, *map(str, below)))

    def hold(self) -> None:
        """Lock the enterprise until the end of the transaction. Raises ``Refused``."""
        lock(self.enterprise, by=self.token)

    def body(self) -> dict[str, Any]:
        """Parse the body. Raises ``ScimError`` if it is not a JSON object."""
        kind = (self.request.content_type or "").lower()
        if kind not in ACCEPTED_TYPES:
            raise ScimError(f"A body is {SCIM_CONTENT_TYPE}.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = whole_number(self.request.META.get("CONTENT_LENGTH") or "0")
        if length is None or length > MAX_BODY_BYTES:
            raise _too_large()
        try:
            content = msgspec.json.decode(self.request.body)
        except SuspiciousOperation:
            raise _too_large() from None
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise invalid_syntax("The body is no JSON.") from None
        if not isinstance(content, dict):
            raise invalid_syntax("The body is a JSON object.")
        return content


type Answer = Callable[..., HttpResponse]


def _too_large() -> ScimError:
    return ScimError(f"A body has at most {MAX_BODY_BYTES} bytes.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def by_method(**answers: Answer) -> Callable[..., HttpResponse]:
    """Return a view that dispatches by method. Each method has its own transaction, so a refusal changes nothing."""

    @csrf_exempt
    def view(request: HttpRequest, code: str, **kwargs: Any) -> HttpResponse:
        with translation.override("en"):
            try:
                call = _authenticate(request, code)
                act: Answer = answers.get(request.method or "", _not_allowed)
                return act(call, **kwargs)
            except ScimError as error:
                return _error_response(error, allowed=", ".join(answers))
            except Refused as refusal:
                return _error_response(error_of_refusal(refusal))

    view.own_transactions = True  # type: ignore[attr-defined]  # each method has a transaction
    return accept_nul(declare_access(view, DIRECTORY_ACCESS))


def _not_allowed(call: DirectoryCall, **kwargs: Any) -> HttpResponse:
    del kwargs
    raise ScimError(f"{call.request.method} does nothing at this address.", HTTPStatus.METHOD_NOT_ALLOWED)


def _authenticate(request: HttpRequest, code: str) -> DirectoryCall:
    """Authenticate the call. Raises ``ScimError``, which does not reveal whether the enterprise exists."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = directory_tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None or token.enterprise.code != code:
        network = network_of(peer(request))
        if wait := throttling.count(limits.WRONG_TOKENS, network, now=clock.wall()):
            limit = limits.WRONG_TOKENS.most
            raise RateLimited(f"At most {limit} wrong tokens a minute. Try again in {wait} seconds.", wait)
        raise ScimError("A token of this enterprise's directory is missing.", HTTPStatus.UNAUTHORIZED)
    settings, now = config(), now_of(request)
    limit = settings.scim.directory_calls_a_minute
    if wait := throttling.count(limits.DIRECTORY_CALLS, f"{token.pk}", most=limit, now=clock.wall()):
        words = f"At most {limit} calls a minute. Try again in {wait} seconds."
        raise RateLimited(words, wait)
    directory_tokens.record_use(token, now=now)
    base = f"{settings.auth_centre_of(code)}/scim/v2"
    return DirectoryCall(request=request, token=token, enterprise=token.enterprise, now=now, base=base)


class RateLimited(ScimError):
    """The rate limit is exceeded. ``wait``: seconds until the next call."""

    def __init__(self, detail: str, wait: int) -> None:
        super().__init__(detail, HTTPStatus.TOO_MANY_REQUESTS)
        self.wait = wait


def json_response(content: Mapping[str, object], status: int = HTTPStatus.OK, *, location: str = "") -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(content), status=status, content_type=SCIM_CONTENT_TYPE)
    response["Cache-Control"], response["Content-Language"] = "no-store", "en"
    if location:
        response["Location"] = location
    return response


def no_content() -> HttpResponse:
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    response["Cache-Control"] = "no-store"
    return response


def _error_response(error: ScimError, *, allowed: str = "") -> HttpResponse:
    response = json_response(error.content(), error.status)
    if error.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="scim"'
    if error.status == HTTPStatus.METHOD_NOT_ALLOWED:
        response["Allow"] = allowed
    if isinstance(error, RateLimited):
        response["Retry-After"] = str(error.wait)
    return response


def _not_found(call: DirectoryCall, rest: str = "") -> HttpResponse:
    del call, rest
    raise ScimError("There is nothing at this address.", HTTPStatus.NOT_FOUND)


def _not_implemented(call: DirectoryCall) -> HttpResponse:
    """Refuse features that the service does not have (RFC 7644 §3.7 and §3.11)."""
    del call
    raise ScimError("Bulk operations and /Me are not supported.", HTTPStatus.NOT_IMPLEMENTED)


not_implemented = by_method(
    GET=_not_implemented, POST=_not_implemented, PUT=_not_implemented, PATCH=_not_implemented, DELETE=_not_implemented
)
unknown = by_method(GET=_not_found, POST=_not_found, PUT=_not_found, PATCH=_not_found, DELETE=_not_found)
LIST_RESPONSE_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def list_response(resources: list[dict[str, object]], *, total: int, start: int = 1) -> HttpResponse:
    return json_response({
        "schemas": [LIST_RESPONSE_SCHEMA], "totalResults": total, "startIndex": start, "itemsPerPage": len(resources), "Resources": resources,
    })  # fmt: skip
