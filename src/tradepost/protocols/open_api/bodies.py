"""Bodies of open API calls, validated against field tables on both ends. Answers have the envelope
``error_code``/``error_msg``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from tradepost.protocols.http import Request, Response
from tradepost.protocols.wire_fields import Field, violations
from tradepost.protocols.wire_json import NotJsonObject, dump_sorted, load_object
from tradepost.protocols.wire_time import load_digits

from .errors import ApiError, api_response, error_envelope, failure_response

if TYPE_CHECKING:
    from datetime import datetime

type Members = Mapping[str, object]


class BadBody(ValueError):
    """A body or an answer does not match its API. The message names the field and contains no secret."""


class BadValue(BadBody):
    """A value is present but has a wrong format or range. Some APIs have a separate code for it."""


class ApiRefused(Exception):
    """The market refuses a call with a row of the API's error table and a detail."""

    def __init__(self, error: ApiError, detail: str = "") -> None:
        super().__init__(f"{error.code}: {detail or error.message}")
        self.error = error
        self.detail = detail

    def response(self) -> Response:
        return failure_response(self.error, error_envelope, detail=self.detail)


def post(url: str, members: Members) -> Request:
    """Return an unsigned POST of JSON, to be signed by ``signing.sign``."""
    return Request("POST", url, (("Content-Type", "application/json"),), dump_sorted(members))


def success(code: str, message: str, members: Members | None = None) -> Response:
    return api_response(200, {**error_envelope(code, message), **(members or {})})


def parse_body(body: bytes) -> dict[str, object]:
    """Return the members of a received body. Raises ``BadBody``."""
    try:
        return load_object(body)
    except NotJsonObject as error:
        raise BadBody(f"the body is not a JSON object: {error}") from None


def check_members(table: tuple[Field, ...], members: Members) -> None:
    """Raise ``BadBody`` for the first field that violates the table."""
    for violation in violations(table, members):
        raise BadBody(str(violation))


def validated(table: tuple[Field, ...], members: dict[str, object]) -> dict[str, object]:
    """Return the members to send if they match the table. Raises ``ValueError`` naming the invalid fields."""
    errors = "; ".join(map(str, violations(table, members)))
    if errors:
        raise ValueError(f"cannot be sent: {errors}")
    return members


def without_empty(**members: object) -> dict[str, object]:
    """Return the members that have a value. Optional fields are omitted rather than sent empty."""
    return {name: value for name, value in members.items() if value is not None and value != ""}


def text(members: Members, name: str) -> str:
    value = members.get(name)
    return value if isinstance(value, str) else ""


def integer(members: Members, name: str) -> int | None:
    value = members.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def objects(members: Members, name: str) -> Iterable[Members]:
    """Return the items of a validated list."""
    return cast("Iterable[Members]", members.get(name) or ())


def texts(members: Members, name: str, *, most: int, length: int) -> tuple[str, ...]:
    """Return a list of 1 to ``most`` texts, each up to ``length`` characters. Raises ``BadBody``."""
    value = members.get(name)
    if not isinstance(value, list) or not 1 <= len(value) <= most:
        raise BadBody(f"{name} must be an array of 1 to {most} texts")
    if not all(isinstance(item, str) and item.strip() and len(item) <= length for item in value):
        raise BadBody(f"{name} holds an item that is not a text of 1 to {length} characters")
    return tuple(value)


def moment(members: Members, name: str) -> datetime | None:
    """Parse a UTC time of 14 or 17 digits; None if it is absent. Raises ``BadBody``."""
    value = text(members, name)
    if not value.strip():
        return None
    try:
        return load_digits(value)
    except ValueError:
        raise BadValue(f"{name} is not a UTC time yyyyMMddHHmmss") from None
