"""The ``Body-Sign`` response header (saas-v2 §2.6, saas-v1 §A1.3): how a seller signs an answer, and how it is checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .excerpt import excerpt
from .hmac_sign import hmac_sha256_base64, same_text
from .http import header, header_exact

if TYPE_CHECKING:
    from .http import Headers

HEADER = "Body-Sign"
SIGN_TYPE = "HMAC-SHA256"
# Blanks around the parts are tolerated (both spellings are in the wild), the double quotes are required.
_VALUE = re.compile(r'\s*sign_type\s*=\s*"([^"]*)"\s*,\s*signature\s*=\s*"([^"]*)"\s*', re.ASCII)
_STARTS = (f'sign_type="{SIGN_TYPE}", signature= "', f'sign_type="{SIGN_TYPE}", signature="')
_END = '"'


def body_sign(body: bytes, key: str) -> str:
    """The header's value over exactly these bytes, with the blank after ``signature=`` that the documents print."""
    return f"{_STARTS[0]}{hmac_sha256_base64(key, body)}{_END}"


@dataclass(frozen=True, slots=True)
class BodySignProblem:
    """``missing``: there is no header of the exact name. Otherwise there is one, and it does not hold."""

    missing: bool
    detail: str


def body_sign_problem(headers: Headers, body: bytes, key: str) -> BodySignProblem | None:
    """What is wrong with the signature of an answer; None when it is right.

    A header of another spelling (``body-sign``) counts as missing, since KooGallery compares the name exactly; when its
    value is wrong as well, that is the problem reported, because the body cannot be trusted then.
    """
    exact = header_exact(headers, HEADER)
    value = exact if exact is not None else header(headers, HEADER)
    if value is None:
        return BodySignProblem(missing=True, detail=f"the answer has no {HEADER} header")
    wrong = _value_problem(value, body, key)
    if wrong:
        return BodySignProblem(missing=False, detail=wrong)
    if exact is None:
        spelling = next(name for name, _ in headers if name.lower() == HEADER.lower())
        detail = f"the answer has the header {excerpt(spelling)}; its name must be spelled exactly {HEADER}"
        return BodySignProblem(missing=True, detail=detail)
    return None


def _value_problem(value: str, body: bytes, key: str) -> str:
    right = hmac_sha256_base64(key, body)
    # The spellings of the documents and of their samples first: nearly every answer has one of them, for half the time.
    if any(same_text(value, f"{start}{right}{_END}") for start in _STARTS):
        return ""
    match = _VALUE.fullmatch(value)
    if match is None:
        return f'{HEADER} is {excerpt(value)}; expected sign_type="{SIGN_TYPE}", signature= "…" with double quotes'
    sign_type, signature = match.groups()
    if sign_type != SIGN_TYPE:
        return f"{HEADER} has sign_type {excerpt(sign_type)}; expected {SIGN_TYPE}"
    if not same_text(signature, right):
        return (
            f"{HEADER} does not sign this body of {len(body)} bytes with this key; the signature that came is "
            f"{excerpt(signature)}. Expected the Base64 of HMAC-SHA256 over exactly the bytes that are sent"
        )
    return ""
