"""SCIM errors (RFC 7644 §3.12), in English, since programs have no language."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from tradepost.market.base.errors import Refused

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
UNIQUENESS_CODES = frozenset({
    "enterprise.user_name_taken", "enterprise.user_name_used", "enterprise.user_name_invited", "group.name_taken",
})  # fmt: skip
"""Codes of refusals that RFC 7644 calls ``uniqueness``."""


class ScimError(Exception):
    """A refused call, which changed nothing. ``kind``: SCIM's ``scimType``, or empty."""

    def __init__(self, detail: str, status: int = HTTPStatus.BAD_REQUEST, *, kind: str = "") -> None:
        super().__init__(detail)
        self.detail, self.status, self.kind = detail, int(status), kind

    def content(self) -> Mapping[str, object]:
        kind = {"scimType": self.kind} if self.kind else {}
        return {"schemas": [ERROR], "status": str(self.status), **kind, "detail": self.detail}


def invalid_value(detail: str) -> ScimError:
    return ScimError(detail, kind="invalidValue")


def invalid_syntax(detail: str) -> ScimError:
    return ScimError(detail, kind="invalidSyntax")


def not_found(kind: str) -> ScimError:
    return ScimError(f"There is no such {kind} in this enterprise.", HTTPStatus.NOT_FOUND)


def error_of_refusal(refused: Refused) -> ScimError:
    """Convert a refusal of a domain function."""
    if refused.code in UNIQUENESS_CODES:
        return ScimError(refused.message, HTTPStatus.CONFLICT, kind="uniqueness")
    if refused.status in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}:
        return invalid_value(refused.message)
    return ScimError(refused.message, refused.status)
