"""Tags that identify a server in the cloud: its market, the token of its creation and its order."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.market.base.market_identity import identity

MARKET, SERVER, ORDER = "tradepost-market", "tradepost-server", "tradepost-order"
TASK, OLD_DISK = "tradepost-task", "tradepost-replaced"
"""The task that replaced a system disk, and the task after which a volume is deleted."""
TOKEN_CHARACTERS = 16
"""Characters of the market id in a token. Some clouds limit tag values to 43 characters."""


def market_id() -> str:
    """Return the id of this market; empty before its first start."""
    current_identity = identity()
    return current_identity.market_id if current_identity is not None else ""


def token_of_server(pk: int, market: str) -> str:
    """Return the token for a server's creation and release. It names the market, since several markets may share a
    cloud account."""
    return f"{market[:TOKEN_CHARACTERS]}-server-{pk}" if market else f"server-{pk}"


def server_of_token(token: str) -> int | None:
    """Return the primary key of the server that a token names."""
    number = token.rpartition("server-")[2]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def labels_of(token: str, *, market: str, order: str) -> Mapping[str, str]:
    """Return the tags of a new server, without empty values."""
    return {name: value for name, value in ((MARKET, market), (SERVER, token), (ORDER, order)) if value}
