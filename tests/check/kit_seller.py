"""Honest sellers on the kit for every protocol version, and the sample seller in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.check.mutants.shop import Shop
from tradepost.kit import AppInfo, Create, Created, Pending, Query, Seller
from tradepost.kit.sample import folder
from tradepost.kit.serve import running
from tradepost.protocols import registry
from tradepost.protocols.commands import Command, Expire

KEY = "0123456789abcdef0123456789ABCDEF"
APP = AppInfo(front_end_url="https://shop.example.com/", user_name="管理员", password="p+w/d 1", memo="备注 memo")


class AnySeller(Shop):
    """Sells licenses as well as instances."""

    def on_create(self, command: Create) -> Created | Pending:
        return Created(app=APP, license="LICENSE-1")


def any_seller(place: Path, name: str) -> Seller:
    wire = registry.protocol(name)
    seller = AnySeller(place, wire)
    for kind in wire.activities:
        # The kit hears an expiry as a freeze.
        if kind not in seller._handlers and kind not in {Query, Expire}:
            seller.on_other(kind, _nothing_to_do)
    return seller


def _nothing_to_do(command: Command) -> None:
    """The kit answers success."""


@contextmanager
def sample_seller(place: Path, *, delay: float = 0) -> Iterator[str]:
    """The production address of the sample seller, which makes its accounts for real."""
    sys.path.insert(0, str(folder()))
    try:
        from pages import Pages
        from seller import SampleSeller
    finally:
        sys.path.remove(str(folder()))
    pages = Pages()
    with running(pages) as url:
        seller: Any = SampleSeller(data=place, key=KEY, public_url=url, delay=delay)
        pages.open(seller, seller.accounts, secure=False)
        yield f"{url}/produce"
