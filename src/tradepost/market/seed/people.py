"""The sellers of the demo with their contacts, and the accounts."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from tradepost.protocols.text import Text

from .data_files import DataTable, read


class DemoSeller(DataTable, frozen=True, kw_only=True):
    slug: str
    name: Text
    about: Text
    phone: str = ""
    founded: str = "2018-06-01"
    capital: str = "5000000"
    staff: str = "40"
    province: str = "浙江省"
    city: str = "杭州市"
    street: str = "示例路 1 号"
    contact: str = "客服"

    @property
    def contact_email(self) -> str:
        return f"support@{self.slug}.example"

    @property
    def website(self) -> str:
        return f"https://www.{self.slug}.example"


class SellerFile(DataTable, frozen=True, kw_only=True):
    seller: tuple[DemoSeller, ...]


@cache
def sellers() -> tuple[DemoSeller, ...]:
    """Read the data file; the first seller is the demo seller. Raises ``InvalidData``."""
    return read("sellers.toml", SellerFile).seller


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An account of the demo. Its password is public, so it exists only in sandboxes."""

    role: str
    """``buyer``, ``seller`` or ``operator``."""
    email: str
    password: str = field(repr=False)
    name: str = ""
    company: str = ""
    phone: str = ""
    level: str = ""
    """Customer level; empty for the market's default."""


BUYER = Login(
    role="buyer",
    email="buyer@lantian.example",
    password="buyer-sandbox",  # noqa: S106
    name="林晓舟",
    company="蓝田精密制造有限公司",
    phone="13900000000",
    level="V3",
)
OWNER = Login(role="seller", email="owner@qingxie.example", password="seller-sandbox", name="沈清")  # noqa: S106
OPERATOR = Login(role="operator", email="operator@market.example", password="operator-sandbox", name="值班运营人员")  # noqa: S106
LOGINS = (BUYER, OWNER, OPERATOR)
