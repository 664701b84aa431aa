"""A product as it is handed in to be listed: typed commands that nobody has looked at yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tradepost.protocols.commands import ChargingMode

from .models import NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    charging_mode: ChargingMode
    amount: Decimal
    """For one period and one unit of quantity, in main units; of what is postpaid, for one unit of usage."""
    period_type: str = ""
    period_numbers: tuple[int, ...] = ()
    usage_unit: str = ""
    usage_unit_en: str = ""
    quota: Decimal = NONE
    """What a package holds for one period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSku:
    prices: tuple[Price, ...]
    values: dict[str, str] = field(default_factory=dict)
    quantity_name: str = ""
    quantity_name_en: str = ""
    quantity_min: int = 1
    quantity_max: int = 1
    quantity_step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSpec:
    name: str
    name_en: str
    skus: tuple[NewSku, ...]
    attributes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProduct:
    product_type: str
    category: str
    slug: str
    name: str
    name_en: str
    summary: str
    summary_en: str
    description: str
    description_en: str
    specs: tuple[NewSpec, ...]
    currency: str
    guide: str = ""
    guide_en: str = ""
    picture: str = ""
    contact_email: str = ""
    contact_phone: str = ""
    extend_params: list[dict[str, Any]] = field(default_factory=list)
    asks_mobile: bool = False
    asks_email: bool = False
    access_by_message: bool = False
