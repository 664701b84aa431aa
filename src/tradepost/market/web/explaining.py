"""How amounts came about, as the three sites show it: the same structure, of which each reader sees what is theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from tradepost.market.orders.explained import Explained, Kind, Verdict


def explanation(found: Iterable[Explained], seen: Collection[Kind]) -> dict[str, Any]:
    """What ``web/parts/explained.html`` needs."""
    shown = [one for one in found if one.kind in seen]
    return {"explained": shown, "all_same": all(one.verdict is Verdict.SAME for one in shown)}
