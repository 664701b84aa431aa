"""Requests signed by a token in their query: GET with all data in the URL (saas-v1-license A1.2).

SaaS 1.0 and License 1.0 use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus, unquote, unquote_plus, urldefrag, urlsplit

from .contract import Denied
from .hmac_sign import hmac_sha256_base64, same_text, utf8
from .http import Request
from .wire_time import dump_milliseconds, load_digits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from .http import Headers

AUTHENTICATION_FAILED = "000001"
INVALID_PARAMETER = "000002"

TOKEN = "authToken"  # noqa: S105  the parameter's name
TIMESTAMP = "timeStamp"
REQUEST_HEADERS: Headers = (("Accept", "application/json"),)
MAX_PARAMETERS = 200


def text_to_sign(parameters: Mapping[str, str]) -> str:
    """Return the text to sign: every parameter except the token, decoded, in the order of a Java ``TreeMap``."""
    names = sorted(parameters, key=_utf16)
    return "&".join(f"{name}={parameters[name]}" for name in names if name != TOKEN)


def auth_token(parameters: Mapping[str, str], *, key: str) -> str:
    """Return 44 characters of Base64. The HMAC's key is the seller's key followed by the request's timeStamp."""
    return hmac_sha256_base64(key + parameters.get(TIMESTAMP, ""), utf8(text_to_sign(parameters)))


def sign_request(parameters: Mapping[str, str], *, address: str, key: str, now: datetime) -> Request:
    """Return the GET request of a market: parameters by name, the token last.

    Parameters in the address are kept and signed as well, since a seller signs all that it receives; a request
    parameter replaces one with the same name. Raises ``ValueError`` for text that UTF-8 cannot hold.
    """
    base_url, _, address_query = urldefrag(address).url.partition("?")
    address_parameters = {name: value for name, value in _pairs(address_query, unquote_plus, errors="replace") if name}
    signed_parameters = {**address_parameters, **parameters, TIMESTAMP: dump_milliseconds(now)}
    signed_parameters.pop(TOKEN, None)
    token = auth_token(signed_parameters, key=key)
    query = "&".join(
        f"{java_urlencode(name)}={java_urlencode(signed_parameters[name])}"
        for name in sorted(signed_parameters, key=_utf16)
    )
    return Request("GET", f"{base_url}?{query}&{TOKEN}={java_urlencode(token)}", REQUEST_HEADERS)


def open_request(request: Request, *, key: str) -> dict[str, str]:
    """Return the decoded parameters, token and time included, if the token is valid. Raises only ``Denied``.

    The age is not checked: these protocols document none, and their requests carry no nonce.
    """
    if request.method.upper() != "GET":
        raise Denied(INVALID_PARAMETER, "the method must be GET")
    try:
        query = urlsplit(request.url).query
    except ValueError:
        raise Denied(INVALID_PARAMETER, "the URL cannot be read") from None
    parameters = _parse_query(query, unquote_plus)
    _check_time(parameters.get(TIMESTAMP, ""))
    # With an empty key, anyone could compute the token.
    if key and _token_matches(parameters, key):
        return parameters
    if key and "+" in query:
        # Some senders do not encode the plus signs of Base64, and write blanks as %20.
        as_sent = _parse_query(query, unquote)
        if _token_matches(as_sent, key):
            return as_sent
    problem = "does not match" if parameters.get(TOKEN) else "is missing"
    raise Denied(AUTHENTICATION_FAILED, f"{TOKEN} {problem}")


def java_urlencode(text: str) -> str:
    """Encode like ``java.net.URLEncoder``: a blank is ``+``, and only letters, digits and ``.-*_`` stay."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _token_matches(parameters: Mapping[str, str], key: str) -> bool:
    # A token whose plus signs were not encoded arrives with blanks, which Base64 never contains.
    token = parameters.get(TOKEN, "").replace(" ", "+")
    return same_text(token, auth_token(parameters, key=key))


def _check_time(timestamp: str) -> None:
    if not timestamp:
        raise Denied(INVALID_PARAMETER, f"{TIMESTAMP} is missing")
    try:
        load_digits(timestamp)
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{TIMESTAMP} is not a UTC time yyyyMMddHHmmssSSS") from None


def _parse_query(query: str, decode: Callable[..., str]) -> dict[str, str]:
    """Return parameters by name. A repeated name is refused, since readers could use different values of it."""
    try:
        pairs = _pairs(query, decode, errors="strict")
        "".join(name + value for name, value in pairs).encode("utf-8")
    except UnicodeError:
        raise Denied(INVALID_PARAMETER, "the query is not UTF-8") from None
    if len(pairs) > MAX_PARAMETERS:
        raise Denied(INVALID_PARAMETER, f"the query has more than {MAX_PARAMETERS} parameters")
    parameters = dict(pairs)
    if len(parameters) < len(pairs):
        raise Denied(INVALID_PARAMETER, "a parameter appears twice")
    return parameters


def _pairs(query: str, decode: Callable[..., str], *, errors: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in query.split("&") if part]
    return [(decode(name, errors=errors), decode(value, errors=errors)) for name, _, value in parts]


def _utf16(name: str) -> bytes:
    # Java compares UTF-16 code units, which differs from code points above U+FFFF.
    return name.encode("utf-16-be", "surrogatepass")
