"""Selects the protocol and key for a request.

All protocols share one address. Joint-operation calls are recognised by the end of their path (openapi-jointkit §A.0),
the others by their activity, so that a refusal is signed with the right key, too.
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
    """Return the protocol with this name, or all for an empty name. Raises ``LookupError`` listing the supported
    ones."""
    if not name:
        return versions
    matches = tuple(protocol for protocol in versions if protocol.name == name)
    if not matches:
        names = ", ".join(protocol.name for protocol in versions)
        raise LookupError(f"this seller does not speak {name!r}; it speaks: {names}")
    return matches


def candidates(versions: Versions, request: Request) -> Versions:
    """Return the protocols with this path, preferably those with the activity. Without a match return all, so that one
    of them can refuse."""
    if len(versions) == 1:
        return versions
    try:
        path = request.path
    except ValueError:
        path = ""
    prefixes = {protocol.prefix for protocol in versions if protocol.prefix in path}
    # The longest prefix: the first generation's /produceAPI/ also matches the second's.
    prefix = max(prefixes, key=len, default="")
    matching_versions = tuple(protocol for protocol in versions if protocol.prefix == prefix) or versions
    if len(matching_versions) == 1 or prefix:
        return matching_versions
    word = _activity(request)
    return (
        tuple(protocol for protocol in matching_versions if word in protocol.activities.values()) or matching_versions
    )


def most_relevant(refusals: Sequence[Refusal], request: Request, now: datetime) -> Refusal:
    """Select the refusal of the protocol that the request was most likely meant for.

    Only that protocol finds the signature valid. Without a valid signature, the others miss parameters, while the
    intended one reaches the signature check.
    """
    if len(refusals) == 1:
        return refusals[0]
    authentic = (refusal for refusal in refusals if _is_signed_right(refusal, request, now))
    unauthentic = (refusal for refusal in refusals if refusal[1].code == NOT_AUTHENTIC)
    return next(authentic, next(unauthentic, refusals[0]))


def _is_signed_right(refusal: Refusal, request: Request, now: datetime) -> bool:
    """Return whether the protocol's key signed the request although it was refused: a wrong key causes a different
    refusal."""
    version, denied = refusal
    try:
        version.open(request, key="the key of nobody", now=now, nonce_seen=lambda _nonce, _until: False)
    except Denied as other_refusal:
        return (other_refusal.code, other_refusal.message) != (denied.code, denied.message)
    return False


def _activity(request: Request) -> object:
    """Return the activity of a body or a query, which only selects the protocol."""
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
    """Return whether a request's path is the address itself or one that a market derives from it."""
    start = address.rstrip("/")
    if path in {address, start}:
        return "" in prefixes
    if not path.startswith(start):
        return False
    remainder = path[len(start) :]
    return any(prefix and remainder.startswith(prefix) and "/" not in remainder[len(prefix) :] for prefix in prefixes)


def keys_of(versions: Versions, key: str, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the key of each protocol by name. Raises ``ValueError`` for missing or contradictory keys."""
    if not versions:
        raise ValueError("a seller needs at least one protocol")
    if key and len({protocol.key_class for protocol in versions}) > 1:
        raise ValueError("these protocols are signed with different keys: give keys={key class: key} (saas-v2 §1.3)")
    by_name = {p.name: keys.get(p.name) or keys.get(p.key_class) or key for p in versions}
    keyless_versions = [p for p in versions if not by_name[p.name]]
    if keyless_versions:
        missing_names = ", ".join(f"{p.name} (key class {p.key_class})" for p in keyless_versions)
        raise ValueError(f"no key for {missing_names}: the market's seller center shows it")
    return by_name
