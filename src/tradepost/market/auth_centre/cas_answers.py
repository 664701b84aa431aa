"""Responses to a CAS validation, as XML and as JSON (openapi-jointkit B.9, CAS 3.0 §2.5). No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Literal
from xml.sax.saxutils import escape

from msgspec import Struct

NAMESPACE = "http://www.yale.edu/tp/cas"
type Format = Literal["json", "xml"]
type Attributes = Mapping[str, str | bool]


class Code(StrEnum):
    """Why a ticket is invalid (CAS 3.0 §2.5.3)."""

    INVALID_REQUEST = "INVALID_REQUEST"
    INVALID_TICKET = "INVALID_TICKET"
    INVALID_SERVICE = "INVALID_SERVICE"


class ValidTicket(Struct, frozen=True):
    """The owner of a valid ticket; without attributes in CAS 2.0."""

    user: str
    attributes: Attributes


class InvalidTicket(Struct, frozen=True):
    code: Code
    description: str


type Answer = ValidTicket | InvalidTicket


FORMATS: Mapping[str, Format] = {"json": "json", "xml": "xml"}


def parse_format(name: str, default: Format) -> Format | None:
    """Return the format that the parameter ``format`` names, ignoring case; None for an unknown format (CAS 3.0
    §2.5)."""
    return FORMATS.get(name.strip().lower()) if name else default


def write(answer: Answer, form: Format) -> tuple[bytes, str]:
    """Return the body and its content type."""
    if form == "json":
        return _json(answer), "application/json; charset=utf-8"
    return _xml(answer), "application/xml; charset=utf-8"


def _json(answer: Answer) -> bytes:
    if isinstance(answer, ValidTicket):
        response: dict[str, object] = {
            "authenticationSuccess": {"user": answer.user, "attributes": dict(answer.attributes)}
        }
    else:
        response = {"authenticationFailure": {"code": answer.code.value, "description": answer.description}}
    return json.dumps({"serviceResponse": response}, ensure_ascii=False).encode()


def _xml(answer: Answer) -> bytes:
    if isinstance(answer, ValidTicket):
        lines = "".join(f"<cas:{name}>{_text(value)}</cas:{name}>" for name, value in answer.attributes.items())
        inner = f"<cas:user>{_text(answer.user)}</cas:user>"
        inner += f"<cas:attributes>{lines}</cas:attributes>" if lines else ""
        response = f"<cas:authenticationSuccess>{inner}</cas:authenticationSuccess>"
    else:
        words = _text(answer.description)
        response = f'<cas:authenticationFailure code="{answer.code.value}">{words}</cas:authenticationFailure>'
    return f'<cas:serviceResponse xmlns:cas="{NAMESPACE}">{response}</cas:serviceResponse>'.encode()


def _text(value: str | bool) -> str:  # noqa: FBT001  # an attribute's value
    text = str(value).lower() if isinstance(value, bool) else value
    return escape("".join(c for c in text if c in "\t\n\r" or c >= " "))
