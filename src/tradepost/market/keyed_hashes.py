"""Hashes that are keyed with the secret key, from all contexts (``base/reseal.py``)."""

from __future__ import annotations

from tradepost.market.applications import credential
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.identity import keys, second_factor
from tradepost.market.notifications import receivers
from tradepost.market.organisations import directory_tokens
from tradepost.market.service_desk import demands

HASHES: tuple[KeyedHash, ...] = (
    *keys.HASHES,
    second_factor.HASHES,
    directory_tokens.HASHES,
    *credential.HASHES,
    *receivers.HASHES,
    demands.HASHES,
)
