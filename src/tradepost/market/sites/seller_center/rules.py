"""Upgrade rules of a product: from which SKU buyers may change to which other, and why one lapsed (saas-v2 §8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import named
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import upgrade_rules as verbs
from tradepost.market.catalog.models import Product, Sku, UpgradeRule
from tradepost.market.debugging.missing import Lack, missing
from tradepost.market.debugging.required import Sold
from tradepost.market.identity.menus import Menu
from tradepost.market.notifications.product_reactions import WHY
from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Binding
from tradepost.market.web.refusals import say_why

from .frame import SellerRequest, seller_page, show
from .product_frame import own_product, sku_words

MOST_LAPSED = 20


class RuleForm(forms.Form):
    source = forms.ChoiceField(label=gettext_lazy("From SKU"))
    target = forms.ChoiceField(label=gettext_lazy("To SKU"))

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "rule-%s"
        skus = _skus(product)
        for name in ("source", "target"):
            self.fields[name].choices = skus  # type: ignore[attr-defined]  # of a ChoiceField


def _skus(product: Product) -> list[tuple[str, list[tuple[str, str]]]]:
    """By spec, as groups of a select."""
    groups: dict[str, list[tuple[str, str]]] = {}
    on_sale = Sku.objects.filter(spec__product=product, stopped_at=None, spec__stopped_at=None).select_related("spec")
    for sku in on_sale.order_by("spec__position", "spec_id", "pk"):
        spec = named(sku.spec)
        groups.setdefault(spec, []).append((sku.code, sku_words(sku)))
    return list(groups.items())


def _lacks(product: Product) -> Sequence[Lack] | None:
    """What must be debugged before the first rule (saas-v2 §8.2: the upgradeInstance case); None without an address."""
    bound = Binding.objects.select_related("address").filter(product=product).first()
    return None if bound is None else missing(bound.address, Sold(upgrades=True))


def _no_address() -> str:
    return _("Bind a production address first: an upgrade is asked of it.")


@require_safe
@seller_page(menu=Menu.PRODUCTS, product="pk")
def rules(request: SellerRequest, pk: int) -> HttpResponse:
    product = own_product(request, pk)
    return _page(request, product, RuleForm(product=product))


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def add(request: SellerRequest, pk: int) -> HttpResponse:
    product = own_product(request, pk)
    form = RuleForm(request.POST, product=product)
    if not form.is_valid():
        return _page(request, product, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    lacks = _lacks(product)
    if lacks is None or lacks:
        form.add_error(None, _no_address() if lacks is None else lacks[0].words)
        return _page(request, product, form, status=HTTPStatus.CONFLICT)
    try:
        with transaction.atomic():
            verbs.add_rule(product, form.cleaned_data["source"], form.cleaned_data["target"], now=request.now)
    except Refused as refused:
        say_why(form, refused)
        return _page(request, product, form, status=refused.status)
    messages.success(request, _("The rule stands. It is checked again with every new version."))
    return redirect("seller_center:product_rules", pk=pk)


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def remove(request: SellerRequest, pk: int, rule: int) -> HttpResponse:
    try:
        with transaction.atomic():
            verbs.remove_rule(own_product(request, pk), rule)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The rule is gone: buyers cannot change this way any more."))
    return redirect("seller_center:product_rules", pk=pk)


def _page(request: SellerRequest, product: Product, form: RuleForm, *, status: int = HTTPStatus.OK) -> HttpResponse:
    own = UpgradeRule.objects.filter(source__spec__product=product).select_related("source__spec", "target__spec")
    lapsed = own.filter(lapsed_at__isnull=False).order_by("-lapsed_at", "-pk")[:MOST_LAPSED]
    return show(
        request,
        "seller_center/rules.html",
        status=status,
        product=product,
        form=form,
        possible=product_type(product.product_type).upgrades and product.status != Product.Status.STOPPED,
        lacks=_lacks(product),
        enough=any(len(skus) > 1 for _spec, skus in _skus(product)),
        standing=[_shown(rule) for rule in own.filter(lapsed_at=None).order_by("pk")],
        lapsed=[_shown(rule) for rule in lapsed],
    )


def _shown(rule: UpgradeRule) -> dict[str, Any]:
    why = WHY.get(verbs.Why(rule.why), "") if rule.why in verbs.Why else ""
    return {
        "rule": rule,
        "spec": rule.source.spec,
        "source": sku_words(rule.source),
        "target": sku_words(rule.target),
        "why": _(why) if why else "",
    }
