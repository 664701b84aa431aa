"""What the buyer APIs share: their path, their error table, and how a body that cannot be read is refused (openapi-jointkit
§C.12, which publishes neither errors nor a table)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tradepost.protocols.http import Response
from tradepost.protocols.wire_fields import Field

from .bodies import ApiRefused, BadBody, Members, given, read
from .errors import ApiError, api_response, error_envelope

ROOT = "/api/mkp-openapi-public/global/v1"
SUCCESS = "CBC.0000"

MAX_DEPTH = 32
"""Levels of a body."""

INVALID = ApiError(400, "CBC.0101", "Invalid parameter")
FORBIDDEN = ApiError(403, "CBC.0150", "Illegal operation")
NOT_FOUND = ApiError(404, "CBC.0160", "Not found")
REFUSED = ApiError(409, "CBC.0161", "Refused")
KEY_REUSED = ApiError(409, "CBC.0162", "The idempotency key belongs to another request")
INTERNAL = ApiError(500, "CBC.0999", "internal error")
ERRORS: Mapping[str, ApiError] = {
    error.code: error for error in (INVALID, FORBIDDEN, NOT_FOUND, REFUSED, KEY_REUSED, INTERNAL)
}
"""CBC.0101, 0150 and 0999 are rows of the upload (§C.7), whose prefix and envelope are the same; 0160 to 0162 are this
market's own."""

IDEMPOTENCY_KEY = Field("idempotency_key", 64)
REFUSAL = (Field("reason", 64, mandatory=False), Field("field", 64, mandatory=False))
"""Members beside the envelope: the market's own code of a rule, and the member of the body that breaks it."""


def refused(error: ApiError, message: str, *, reason: str = "", field: str = "") -> Response:
    """The answer for a rule of the market. ``reason`` never changes, ``message`` may."""
    members = error_envelope(error.code, f"{error.message}: {message}")
    return api_response(error.status, {**members, **given(reason=reason, field=field)})


def refusing[T](body: bytes, load: Callable[[Members], T]) -> T:
    """What the body says. Raises ``ApiRefused`` for one that is not JSON, or not what the API documents."""
    try:
        members = read(body)
        check_texts(members)
        return load(members)
    except BadBody as error:
        raise ApiRefused(INVALID, str(error)) from None


def check_texts(body: Members) -> None:
    """Raises ``BadBody`` for texts that no database stores, NUL and half a surrogate pair, and for a body nested too deeply."""
    level: list[object] = [body]
    for _depth in range(MAX_DEPTH):
        deeper: list[object] = []
        for value in level:
            if isinstance(value, str):
                _check_text(value)
            elif isinstance(value, Mapping):
                deeper += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                deeper += value
        if not deeper:
            return
        level = deeper
    raise BadBody(f"the body is nested more than {MAX_DEPTH} levels deep")


def _check_text(text: str) -> None:
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadBody("a text holds NUL or half a surrogate pair")
