"""Which of a seller's protocols reads a request, and with which key.

All of them share one address. What a market appends to the path tells joint-operation calls apart (openapi-jointkit §A.0),
the activity's word the others, so that a refusal too is signed with the key of the calls that it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.protocols.contract import Denied
from tradepost.protocols.wire_json import NotJsonObject, load_object

from .answers import NOT_AUTHENTIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tradepost.protocols.contract import SellerProtocol
    from tradepost.protocols.http import Request

type Versions = tuple[SellerProtocol, ...]
type Refusal = tuple[SellerProtocol, Denied]


def protocols_named(versions: Versions, name: str) -> Versions:
    """The one of this name, or all for an empty name. Raises ``LookupError`` that lists what is spoken."""
    if not name:
        return versions
    found = tuple(protocol for protocol in versions if protocol.name == name)
    if not found:
        names = ", ".join(protocol.name for protocol in versions)
        raise LookupError(f"this seller does not speak {name!r}; it speaks: {names}")
    return found


def candidates(versions: Versions, request: Request) -> Versions:
    """Those whose calls have this path, and of them those that know its activity. All of them when it is nobody's, so that
    one of them can say so."""
    if len(versions) == 1:
        return versions
    try:
        path = request.path
    except ValueError:
        path = ""
    prefixes = {protocol.prefix for protocol in versions if protocol.prefix in path}
    # The longest: the first generation's /produceAPI/ begins the second's as well.
    prefix = max(prefixes, key=len, default="")
    here = tuple(protocol for protocol in versions if protocol.prefix == prefix) or versions
    if len(here) == 1 or prefix:
        return here
    word = _activity(request)
    return tuple(protocol for protocol in here if word in protocol.activities.values()) or here


def most_telling(refusals: Sequence[Refusal], request: Request, now: datetime) -> Refusal:
    """Of the protocols that refused a request in turn, the one that it was meant for, as far as that shows.

    Only its own finds the signature right. Where none does, those whose requests look different find parameters missing,
    and the right one gets as far as the signature.
    """
    if len(refusals) == 1:
        return refusals[0]
    authentic = (one for one in refusals if _is_signed_right(one, request, now))
    as_far = (one for one in refusals if one[1].code == NOT_AUTHENTIC)
    return next(authentic, next(as_far, refusals[0]))


def _is_signed_right(refusal: Refusal, request: Request, now: datetime) -> bool:
    """Whether the key of the protocol was right, though it refused: with a wrong key it says another thing."""
    version, denied = refusal
    try:
        version.open(request, key="the key of nobody", now=now, nonce_seen=lambda _nonce, _until: False)
    except Denied as other:
        return (other.code, other.message) != (denied.code, denied.message)
    return False


def _activity(request: Request) -> object:
    """The word that says what is asked, from where a body or a query holds it; it only picks who reads the request."""
    if request.body:
        try:
            return load_object(request.body).get("activity")
        except NotJsonObject:
            return None
    try:
        return request.query.get("activity")
    except ValueError:
        return None


def is_below(path: str, address: str, prefixes: Sequence[str]) -> bool:
    """Whether a request's path is the address's own, or one that a market makes of it."""
    start = address.rstrip("/")
    if path in {address, start}:
        return "" in prefixes
    if not path.startswith(start):
        return False
    below = path[len(start) :]
    return any(prefix and below.startswith(prefix) and "/" not in below[len(prefix) :] for prefix in prefixes)


def keys_of(versions: Versions, key: str, keys: Mapping[str, str]) -> dict[str, str]:
    """The key of each protocol by its name. Raises ``ValueError`` for what is missing or cannot be right."""
    if not versions:
        raise ValueError("a seller needs at least one protocol")
    if key and len({protocol.key_class for protocol in versions}) > 1:
        raise ValueError("these protocols are signed with different keys: give keys={key class: key} (saas-v2 §1.3)")
    found = {p.name: keys.get(p.name) or keys.get(p.key_class) or key for p in versions}
    missing = [p for p in versions if not found[p.name]]
    if missing:
        wanted = ", ".join(f"{p.name} (key class {p.key_class})" for p in missing)
        raise ValueError(f"no key for {wanted}: the market's seller center shows it")
    return found
