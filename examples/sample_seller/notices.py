"""Order notices: the market notifies the seller of an order, and the seller queries and stores it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from database import Database
from office import Table
from orders import ask

from tradepost.kit import Seller
from tradepost.protocols.commands import NotifyOrder

if TYPE_CHECKING:
    from pathlib import Path

    from tradepost.kit.client import MarketClient

SCHEMA = """
CREATE TABLE IF NOT EXISTS notice (
  order_id TEXT, order_line_id TEXT, product TEXT, quantity INTEGER, PRIMARY KEY (order_id, order_line_id)
) WITHOUT ROWID;
"""


class NoticeSeller(Seller):
    def __init__(self, *, data: Path, key: str, page: str, market: MarketClient | None) -> None:
        super().__init__(store=data / "kit-order_notice.db", key=key, protocols=("order_notice",), test_page=page)
        self._notices = Database(data / "notices.db", SCHEMA)
        self._market = market
        self.on_other(NotifyOrder)(self.on_notice)

    def on_notice(self, command: NotifyOrder) -> None:
        bought = ask(self._market, command.order_id, command.order_line_id)
        row = (command.order_id, command.order_line_id, bought.plan, bought.quantity)
        self._notices.write("REPLACE INTO notice VALUES (?, ?, ?, ?)", row)

    def shown(self) -> list[Table]:
        rows = self._notices.read("SELECT * FROM notice")
        return [Table("notices", ("order", "line", "plan", "quantity"), rows)]
