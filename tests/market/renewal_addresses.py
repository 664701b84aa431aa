"""Addresses of automatic renewals and of acts on many services: a part of ``every_address``."""

from __future__ import annotations

from collections.abc import Mapping

from tests.market.who_may import BUYER, PERSONS, Address

OF_RENEWALS: Mapping[str, Address] = {
    "services/batch/": Address(get=PERSONS, post=frozenset({BUYER}), data={"act": "keep", "service": "{subscription}"}),
    "services/<int:pk>/policy/": Address(
        {"pk": "{subscription}"}, get=frozenset({BUYER}), post=frozenset({BUYER}), data={"at_expiry": "keep"}
    ),
}
