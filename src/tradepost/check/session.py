"""One run against one seller: the common objects of all its checks.

Each object has one purpose and is thread-safe; checks must not use them to pass data to each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from .budget import RunBudget
from .concurrency import ConcurrencyLimit
from .history import History
from .http_client import HttpClient
from .instance_pool import BATCH, FIRST_BATCH, InstancePool
from .market_side import MarketSide
from .seller_profile import SellerProfile

if TYPE_CHECKING:
    from .options import Options
    from .target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """``clock``: returns the time; ``chance``: at least 32 fresh alphanumerics."""

    target: Target
    options: Options
    clock: Callable[[], datetime]
    chance: Callable[[], str]
    client: HttpClient
    concurrency: ConcurrencyLimit
    budget: RunBudget
    history: History
    pool: InstancePool
    profile: SellerProfile
    market_side: MarketSide | None = None
    """The market's endpoints for the seller's program, if the run provides them."""


def begin(target: Target, options: Options, *, clock: Callable[[], datetime], chance: Callable[[], str]) -> Session:
    """Return a new session."""
    return Session(
        target=target,
        options=options,
        clock=clock,
        chance=chance,
        client=HttpClient(options.timeout, options.trust_any_certificate, options.dial, options.tls),
        concurrency=ConcurrencyLimit(options.at_once),
        budget=RunBudget(within=options.within),
        history=History(),
        pool=InstancePool(FIRST_BATCH if options.at_once > 1 else BATCH),
        profile=SellerProfile(),
        market_side=MarketSide(ak=options.ak, sk=options.sk, clock=clock) if options.market else None,
    )
