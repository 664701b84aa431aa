"""Tags by which a server in the cloud is recognised: its market, the token of its creation and its order."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.market.base.market_identity import identity

MARKET, SERVER, ORDER = "tradepost-market", "tradepost-server", "tradepost-order"
TASK, OLD_DISK = "tradepost-task", "tradepost-replaced"
"""The task that replaced a system disk, and the task after which a volume is deleted."""
TOKEN_CHARACTERS = 16
"""Of the market id in a token: some clouds limit tag values to 43 characters."""


def market_id() -> str:
    """Empty before the first start."""
    known = identity()
    return known.market_id if known is not None else ""


def token_of_server(pk: int, market: str) -> str:
    """The token of a server's creation and release. Several markets may use one cloud account, so it names the market."""
    return f"{market[:TOKEN_CHARACTERS]}-server-{pk}" if market else f"server-{pk}"


def server_of_token(token: str) -> int | None:
    """The key of the server row that a token names."""
    number = token.rpartition("server-")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def labels_of(token: str, *, market: str, order: str) -> Mapping[str, str]:
    """Tags of a new server; empty values are left out."""
    return {name: value for name, value in ((MARKET, market), (SERVER, token), (ORDER, order)) if value}
