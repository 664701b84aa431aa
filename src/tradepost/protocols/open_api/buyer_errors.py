"""Shared parts of the buyer APIs: path, error table, and refusal of unreadable bodies (openapi-jointkit §C.12, which
publishes no errors)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tradepost.protocols.http import Response
from tradepost.protocols.wire_fields import Field

from .bodies import ApiRefused, BadBody, Members, parse_body, without_empty
from .errors import ApiError, api_response, error_envelope

ROOT = "/api/mkp-openapi-public/global/v1"
SUCCESS = "CBC.0000"

MAX_DEPTH = 32
"""Maximum nesting of a body."""

INVALID = ApiError(400, "CBC.0101", "Invalid parameter")
FORBIDDEN = ApiError(403, "CBC.0150", "Illegal operation")
NOT_FOUND = ApiError(404, "CBC.0160", "Not found")
REFUSED = ApiError(409, "CBC.0161", "Refused")
KEY_REUSED = ApiError(409, "CBC.0162", "The idempotency key belongs to another request")
INTERNAL = ApiError(500, "CBC.0999", "internal error")
ERRORS: Mapping[str, ApiError] = {
    error.code: error for error in (INVALID, FORBIDDEN, NOT_FOUND, REFUSED, KEY_REUSED, INTERNAL)
}
"""CBC.0101, 0150 and 0999 come from the upload API (§C.7), which has the same prefix and envelope; 0160 to 0162 are
specific to this market."""

IDEMPOTENCY_KEY = Field("idempotency_key", 64)
REFUSAL = (Field("reason", 64, mandatory=False), Field("field", 64, mandatory=False))
"""Members beside the envelope: the market's code of the violated rule, and the member of the body that violates it."""


def refusal_response(error: ApiError, message: str, *, reason: str = "", field: str = "") -> Response:
    """Return the answer for a violated rule. ``reason`` is a stable code; ``message`` may change."""
    members = error_envelope(error.code, f"{error.message}: {message}")
    return api_response(error.status, {**members, **without_empty(reason=reason, field=field)})


def load_or_refuse[T](body: bytes, load: Callable[[Members], T]) -> T:
    """Parse a body with ``load``. Raises ``ApiRefused`` if it is not JSON or does not match the API."""
    try:
        members = parse_body(body)
        check_texts(members)
        return load(members)
    except BadBody as error:
        raise ApiRefused(INVALID, str(error)) from None


def check_texts(body: Members) -> None:
    """Raise ``BadBody`` for NUL or lone surrogates, which databases cannot store, and for excessive nesting."""
    level: list[object] = [body]
    for _depth in range(MAX_DEPTH):
        next_level: list[object] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, Mapping):
                next_level += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                next_level += value
        if not next_level:
            return
        level = next_level
    raise BadBody(f"the body is nested more than {MAX_DEPTH} levels deep")


def _check_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadBody("a text holds NUL or half a surrogate pair")
