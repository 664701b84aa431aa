"""How a saved case stands: it counts while the address and its key are those with which it succeeded last."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from tradepost.market.identity.models import SigningKey
from tradepost.market.production.models import Address
from tradepost.protocols.registry import protocols

from .models import DebugCase


class Standing(StrEnum):
    MISSING = "missing"
    SAVED = "saved"
    OTHER_KEY = "other_key"
    """The signing key was replaced since."""
    OTHER_URL = "other_url"
    """The address leads elsewhere since."""
    FAILED = "failed"
    """Its last try failed."""


def standing_of(case: DebugCase | None, address: Address, key_id: str) -> Standing:
    """``key_id``: of the key that signs calls to the address now; empty when there is none."""
    if case is None:
        return Standing.MISSING
    if case.url != address.url:
        return Standing.OTHER_URL
    if case.key_id != key_id:
        return Standing.OTHER_KEY
    return Standing.SAVED if case.passed else Standing.FAILED


def current_keys(seller_id: int) -> dict[str, str]:
    """Key ids that sign a seller's calls now, by interface class."""
    keys = SigningKey.objects.filter(seller_id=seller_id, valid_until=None)
    return dict(keys.values_list("interface_class", "key_id"))


def key_for(address: Address, keys: dict[str, str]) -> str:
    spoken = protocols().get(address.protocol)
    return keys.get(spoken.key_class, "") if spoken else ""


def standings(cases: Iterable[DebugCase], seller_id: int) -> dict[int, Standing]:
    """How each of a seller's cases stands, by its pk; their addresses are fetched with them."""
    keys = current_keys(seller_id)
    return {case.pk: standing_of(case, case.address, key_for(case.address, keys)) for case in cases}
