"""Refusals in SCIM's form (RFC 7644 §3.12): in English, since programs have no language."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from tradepost.market.base.errors import Refused

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
UNIQUE = frozenset({
    "enterprise.user_name_taken", "enterprise.user_name_used", "enterprise.user_name_invited", "group.name_taken",
})  # fmt: skip
"""Refusals of the verbs that RFC 7644 calls ``uniqueness``."""


class ScimError(Exception):
    """``kind``: SCIM's ``scimType``, empty for none. Nothing was changed."""

    def __init__(self, detail: str, status: int = HTTPStatus.BAD_REQUEST, *, kind: str = "") -> None:
        super().__init__(detail)
        self.detail, self.status, self.kind = detail, int(status), kind

    def told(self) -> Mapping[str, object]:
        kind = {"scimType": self.kind} if self.kind else {}
        return {"schemas": [ERROR], "status": str(self.status), **kind, "detail": self.detail}


def wrong_value(detail: str) -> ScimError:
    return ScimError(detail, kind="invalidValue")


def wrong_syntax(detail: str) -> ScimError:
    return ScimError(detail, kind="invalidSyntax")


def no_such(thing: str) -> ScimError:
    return ScimError(f"There is no such {thing} in this enterprise.", HTTPStatus.NOT_FOUND)


def of_refused(refused: Refused) -> ScimError:
    """What a verb refused."""
    if refused.code in UNIQUE:
        return ScimError(refused.message, HTTPStatus.CONFLICT, kind="uniqueness")
    if refused.status in {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.BAD_REQUEST}:
        return wrong_value(refused.message)
    return ScimError(refused.message, refused.status)
