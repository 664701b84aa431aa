"""The expected deleter of a service, by kind of product and charging mode."""

from __future__ import annotations

from tradepost.market.fulfilment.deletion import DeletedBy

BY_SELLER, BY_CLOUD = {"SAAS", "LICENSE"}, {"IMAGE"}


def expected_deleter(code: str, mode: str) -> DeletedBy:
    if code in BY_CLOUD:
        return DeletedBy.IMAGE if mode == "PERIOD" else DeletedBy.CLOUD
    return DeletedBy.SELLER if code in BY_SELLER else DeletedBy.NOBODY
