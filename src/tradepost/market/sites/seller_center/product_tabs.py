"""Tabs above the pages of a product, depending on its type and status and on the reader's rights."""

from __future__ import annotations

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from tradepost.market.billing.models import ProductHour
from tradepost.market.catalog.models import Product, Version
from tradepost.market.identity.menus import Menu, Rights
from tradepost.market.probes.serving import served_at
from tradepost.market.product_types.registry import product_type


class Tab(Struct, frozen=True):
    """A tab. ``pages``: URL names on which it is marked."""

    label: str | Promise
    url: str
    pages: frozenset[str]
    current: bool = False


def product_tabs(product: Product, rights: Rights, page: str) -> list[Tab]:
    """Return the tabs. ``page``: URL name of the current page."""
    key = product.pk
    tabs = [
        *(_sale_tabs(product, page) if rights.sees(Menu.PRODUCTS) else []),
        *(_interface_tabs(product, page) if rights.sees(Menu.TOOLS) else []),
    ]
    if rights.sees(Menu.TRADE) and _is_used(product):
        tabs.append(_tab(page, _("Usage"), "usage_chart", query=f"product={key}"))
    return tabs


def _is_used(product: Product) -> bool:
    """Return whether usage was counted. Ordered, because PostgreSQL may otherwise read all hours of all products
    (``exists`` drops the order)."""
    hours = ProductHour.objects.filter(product=product).order_by("hour")
    return bool(hours.values_list("pk", flat=True)[:1])


def _sale_tabs(product: Product, page: str) -> list[Tab]:
    key, statuses = product.pk, set(Version.objects.filter(product=product).values_list("status", flat=True))
    sealed, stopped = Version.Status.SEALED in statuses, product.status == Product.Status.STOPPED
    tabs = [_tab(page, _("Product"), "product", key)]
    if not sealed and not stopped:
        tabs.append(_tab(page, _("Information"), "product_draft", key, "base"))
    tabs.append(_tab(page, _("Preview"), "product_preview", key))
    if sealed or Version.Status.DRAFT in statuses:
        tabs.append(_tab(page, _("Submit"), "product_submit", key))
    tabs.append(_tab(page, _("Sale controls"), "product_controls", key))
    if product_type(product.product_type).upgrades:
        tabs.append(_tab(page, _("Upgrade rules"), "product_rules", key))
    return tabs


def _interface_tabs(product: Product, page: str) -> list[Tab]:
    """Return the tabs about the production interface, for the first address, which is the product's own."""
    serving = served_at([product.pk])
    if not serving:
        return []
    address, query = serving[0].address.pk, f"product={product.pk}"
    tabs = [
        _tab(page, _("Debugging"), "debug_address", address, query=query, also=("debug_case", "debug_variant")),
        _tab(page, _("Debug cases"), "cases", query=f"{query}&address={address}"),
        _tab(page, _("Interface messages"), "messages", query=f"{query}&address={address}"),
    ]
    if product.status != Product.Status.DRAFT:
        tabs.insert(2, _tab(page, _("Probes"), "probes_product", product.pk))
    return tabs


def _tab(
    page: str, label: str | Promise, name: str, *args: int | str, query: str = "", also: tuple[str, ...] = ()
) -> Tab:
    pages = frozenset({name, *also})
    url = reverse(f"seller_center:{name}", args=args)
    return Tab(label, f"{url}?{query}" if query else url, pages, page in pages)
