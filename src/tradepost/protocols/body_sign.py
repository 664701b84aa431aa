"""The response header ``Body-Sign``: creation by the seller, verification by the market (saas-v2 §2.6, saas-v1
§A1.3)."""

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
# Blanks around the parts are optional, since sellers use both spellings. The double quotes are required.
_VALUE = re.compile(r'\s*sign_type\s*=\s*"([^"]*)"\s*,\s*signature\s*=\s*"([^"]*)"\s*', re.ASCII)
_STARTS = (f'sign_type="{SIGN_TYPE}", signature= "', f'sign_type="{SIGN_TYPE}", signature="')
_END = '"'


def body_sign(body: bytes, key: str) -> str:
    """Return the header value for exactly these bytes, with the blank after ``signature=`` that the documents print."""
    return f"{_STARTS[0]}{hmac_sha256_base64(key, body)}{_END}"


@dataclass(frozen=True, slots=True)
class BodySignProblem:
    """``missing``: no header has the exact name. Otherwise the header is present but invalid."""

    missing: bool
    detail: str


def body_sign_problem(headers: Headers, body: bytes, key: str) -> BodySignProblem | None:
    """Return what is wrong with an answer's signature, or None if it is valid.

    A header with another spelling (``body-sign``) is reported as missing, since KooGallery compares the name exactly.
    If its value is also wrong, the wrong value is reported, because the body cannot be trusted.
    """
    exact_value = header_exact(headers, HEADER)
    value = exact_value if exact_value is not None else header(headers, HEADER)
    if value is None:
        return BodySignProblem(missing=True, detail=f"the answer has no {HEADER} header")
    value_problem = _value_problem(value, body, key)
    if value_problem:
        return BodySignProblem(missing=False, detail=value_problem)
    if exact_value is None:
        spelling = next(name for name, _ in headers if name.lower() == HEADER.lower())
        detail = f"the answer has the header {excerpt(spelling)}; its name must be spelled exactly {HEADER}"
        return BodySignProblem(missing=True, detail=detail)
    return None


def _value_problem(value: str, body: bytes, key: str) -> str:
    signature_expected = hmac_sha256_base64(key, body)
    # Compare with the spellings of the documents and samples first. Nearly all answers use them, and this halves the
    # time.
    if any(same_text(value, f"{start}{signature_expected}{_END}") for start in _STARTS):
        return ""
    match = _VALUE.fullmatch(value)
    if match is None:
        return f'{HEADER} is {excerpt(value)}; expected sign_type="{SIGN_TYPE}", signature= "…" with double quotes'
    sign_type, signature = match.groups()
    if sign_type != SIGN_TYPE:
        return f"{HEADER} has sign_type {excerpt(sign_type)}; expected {SIGN_TYPE}"
    if not same_text(signature, signature_expected):
        return (
            f"{HEADER} does not sign this body of {len(body)} bytes with this key; the signature that came is "
            f"{excerpt(signature)}. Expected the Base64 of HMAC-SHA256 over exactly the bytes that are sent"
        )
    return ""
