"""Requests signed by a token in their query: GET with everything in the URL (saas-v1-license A1.2).

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


def joined(parameters: Mapping[str, str]) -> str:
    """What is signed: every parameter but the token, decoded, in the order of a Java ``TreeMap``."""
    names = sorted(parameters, key=_utf16)
    return "&".join(f"{name}={parameters[name]}" for name in names if name != TOKEN)


def auth_token(parameters: Mapping[str, str], *, key: str) -> str:
    """44 characters of Base64. The key of the HMAC is the seller's key followed by the request's timeStamp."""
    return hmac_sha256_base64(key + parameters.get(TIMESTAMP, ""), utf8(joined(parameters)))


def sign_request(parameters: Mapping[str, str], *, address: str, key: str, now: datetime) -> Request:
    """The GET that a market sends: parameters by name, the token last.

    Parameters that the address has already are kept and signed as well, since a seller signs all that it receives; of
    two with one name ours is sent. Raises ``ValueError`` for text that UTF-8 cannot hold.
    """
    place, _, own = urldefrag(address).url.partition("?")
    asked = {name: value for name, value in _pairs(own, unquote_plus, errors="replace") if name}
    signed = {**asked, **parameters, TIMESTAMP: dump_milliseconds(now)}
    signed.pop(TOKEN, None)
    token = auth_token(signed, key=key)
    query = "&".join(f"{java_urlencode(name)}={java_urlencode(signed[name])}" for name in sorted(signed, key=_utf16))
    return Request("GET", f"{place}?{query}&{TOKEN}={java_urlencode(token)}", REQUEST_HEADERS)


def open_request(request: Request, *, key: str) -> dict[str, str]:
    """The decoded parameters, token and time included, once the token holds. Raises ``Denied`` and nothing else.

    No age is checked: none is documented for this family, and its requests carry no nonce.
    """
    if request.method.upper() != "GET":
        raise Denied(INVALID_PARAMETER, "the method must be GET")
    try:
        query = urlsplit(request.url).query
    except ValueError:
        raise Denied(INVALID_PARAMETER, "the URL cannot be read") from None
    parameters = _read(query, unquote_plus)
    _check_time(parameters.get(TIMESTAMP, ""))
    # An empty key would make the token computable by anyone.
    if key and _holds(parameters, key):
        return parameters
    if key and "+" in query:
        # Some senders leave the plus signs of Base64 bare, and write blanks as %20.
        as_sent = _read(query, unquote)
        if _holds(as_sent, key):
            return as_sent
    what = "does not match" if parameters.get(TOKEN) else "is missing"
    raise Denied(AUTHENTICATION_FAILED, f"{TOKEN} {what}")


def java_urlencode(text: str) -> str:
    """As ``java.net.URLEncoder`` writes it: a blank is ``+``, and only letters, digits and ``.-*_`` stay."""
    return quote_plus(text, safe="*").replace("~", "%7E")


def _holds(parameters: Mapping[str, str], key: str) -> bool:
    # A token whose plus signs were not encoded arrives with blanks, which Base64 never has.
    given = parameters.get(TOKEN, "").replace(" ", "+")
    return same_text(given, auth_token(parameters, key=key))


def _check_time(timestamp: str) -> None:
    if not timestamp:
        raise Denied(INVALID_PARAMETER, f"{TIMESTAMP} is missing")
    try:
        load_digits(timestamp)
    except ValueError:
        raise Denied(INVALID_PARAMETER, f"{TIMESTAMP} is not a UTC time yyyyMMddHHmmssSSS") from None


def _read(query: str, decode: Callable[..., str]) -> dict[str, str]:
    """Parameters by name. A name that comes twice is refused: two readers would take different values of it."""
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
