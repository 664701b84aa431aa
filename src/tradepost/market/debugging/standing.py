"""The state of a saved case, which is valid while address and key are those of its last success."""

from __future__ import annotations

from enum import StrEnum

from tradepost.market.identity.models import SigningKey
from tradepost.market.production.models import Address
from tradepost.protocols.registry import protocols

from .models import DebugCase


class CaseState(StrEnum):
    MISSING = "missing"
    SAVED = "saved"
    OTHER_KEY = "other_key"
    """The signing key was replaced since the last success."""
    OTHER_URL = "other_url"
    """The URL of the address changed since the last success."""
    FAILED = "failed"
    """The last attempt failed."""


def case_state(case: DebugCase | None, address: Address, key_id: str) -> CaseState:
    """Return the state. ``key_id``: of the key that signs calls to the address now; empty if there is none."""
    if case is None:
        return CaseState.MISSING
    if case.url != address.url:
        return CaseState.OTHER_URL
    if case.key_id != key_id:
        return CaseState.OTHER_KEY
    return CaseState.SAVED if case.passed else CaseState.FAILED


def current_keys(seller_id: int) -> dict[str, str]:
    """Return the key ids that sign a seller's calls now, by interface class."""
    keys = SigningKey.objects.filter(seller_id=seller_id, valid_until=None)
    return dict(keys.values_list("interface_class", "key_id"))


def key_for(address: Address, keys: dict[str, str]) -> str:
    protocol = protocols().get(address.protocol)
    return keys.get(protocol.key_class, "") if protocol else ""
