"""Attributes of a seller's products."""

from __future__ import annotations

from itertools import count

from tradepost.market.catalog import attribute_templates as verbs
from tradepost.market.catalog.attribute_templates import AttributeData, Kind
from tradepost.market.catalog.models import AttributeTemplate
from tradepost.market.identity.models import Seller
from tradepost.protocols.text import Text

from .people import NOW

_numbers = count(1)


def make_attribute(
    seller: Seller, *, code: str = "", name: str = "操作系统", name_en: str = "Operating system",
    values: tuple[tuple[str, str], ...] = (("麒麟", "Kylin"), ("统信", "UOS")),
) -> AttributeTemplate:  # fmt: skip
    """Return an attribute with choices. ``values`` has their names in Chinese and English."""
    wanted = AttributeData(
        code=code or f"attribute{next(_numbers)}", name=Text(zh=name, en=name_en), kind=Kind.ENUM,
        values=tuple(Text(zh=zh, en=en) for zh, en in values),
    )  # fmt: skip
    return verbs.create_template(seller, wanted, most=200, now=NOW)


def make_number(
    seller: Seller, *, code: str = "", name: str = "用户数", name_en: str = "Users", least: int = 5, most: int = 95,
    step: int = 5,
) -> AttributeTemplate:  # fmt: skip
    wanted = AttributeData(
        code=code or f"number{next(_numbers)}", name=Text(zh=name, en=name_en), kind=Kind.NUMBER, least=least, most=most,
        step=step,
    )  # fmt: skip
    return verbs.create_template(seller, wanted, most=200, now=NOW)
