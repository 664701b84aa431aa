"""Honest sellers on the kit for every protocol version, and the sample seller in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.check.mutants.any_shop import any_seller
from tradepost.kit.sample import folder
from tradepost.kit.serve import running

KEY = "0123456789abcdef0123456789ABCDEF"

__all__ = ["KEY", "any_seller", "sample_seller"]


@contextmanager
def sample_seller(place: Path, *, delay: float = 0) -> Iterator[str]:
    """Return the production address of the sample seller, which creates real accounts."""
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
