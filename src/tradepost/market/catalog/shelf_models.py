"""The store's index for lists and searches: rows derived from listed products that are public."""

from __future__ import annotations

from decimal import Decimal

from django.db import models

from tradepost.market.base.money import Money
from tradepost.market.identity.models import Seller
from tradepost.market.product_types.charging import Charging, charging_of
from tradepost.protocols.text import Text

NONE = Decimal(0)
ONLY_BY_USAGE = 2**62
"""The sort key of a product that is free until used: higher than every amount."""


class Shelf(models.Model):
    """A product in the store, with its lowest price (``cheapest``). Only ``shelf.refresh`` writes it."""

    product = models.OneToOneField("catalog.Product", models.CASCADE, primary_key=True, related_name="on_shelf")
    category = models.ForeignKey("catalog.Category", models.PROTECT, related_name="+", db_index=False)
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", db_index=False)
    ways = models.PositiveIntegerField(default=0)
    """A bit for each of ``view.WAYS`` and for a trial."""
    price_from = models.PositiveBigIntegerField()
    """The value for sorting and price ranges: minor units, or ``ONLY_BY_USAGE``."""
    sold_30d = models.PositiveIntegerField(default=0)
    """Lines paid in the last 30 days; counted each night (``orders.best_sellers``)."""
    charging_mode = models.CharField(max_length=16)
    currency = models.CharField(max_length=3)
    period_type = models.CharField(max_length=8, blank=True, default="")
    periods = models.PositiveIntegerField(default=1)
    quantity = models.PositiveIntegerField(default=1)
    counted = models.BooleanField(default=False)
    unit_name = models.CharField(max_length=64, blank=True, default="")
    unit_name_en = models.CharField(max_length=64, blank=True, default="")
    usage_price = models.DecimalField(max_digits=16, decimal_places=8, default=NONE)
    picture = models.CharField(max_length=64, blank=True, default="")
    """SHA-256 of the picture on its card (``assets``); empty if there is a drawing instead."""
    indexed_as = models.PositiveIntegerField()
    """``shelf.VERSION`` of the code that built the row; rows of another version are rebuilt after an upgrade."""

    class Meta:
        indexes = [
            models.Index(fields=["category", "-product"], name="shelf_category"),
            models.Index(fields=["seller", "-product"], name="shelf_seller"),
            models.Index(fields=["price_from", "product"], name="shelf_price"),
            models.Index(fields=["-sold_30d", "-product"], name="shelf_sold"),
            models.Index(fields=["indexed_as"], name="shelf_indexed_as"),
        ]

    @property
    def minor(self) -> int:
        return 0 if self.price_from == ONLY_BY_USAGE else self.price_from

    @property
    def total(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def charging(self) -> Charging:
        return charging_of(self.charging_mode)

    @property
    def unit(self) -> Text:
        """What is bought by number; for a price by usage, the counted unit."""
        return Text(zh=self.unit_name, en=self.unit_name_en)

    usage_unit = unit


class ShelfTerm(models.Model):
    """A term by which a product on the shelf is found, and its weight (``search_terms``)."""

    pk = models.CompositePrimaryKey("term", "shelf")
    term = models.CharField(max_length=40)
    shelf = models.ForeignKey(Shelf, models.CASCADE, related_name="terms")
    weight = models.PositiveSmallIntegerField()
