"""Upgrade rules of a product: permitted changes between SKUs, and why a rule lapsed (saas-v2 §8.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import upgrade_rules as verbs
from tradepost.market.catalog.models import Product, Sku, UpgradeRule
from tradepost.market.debugging.missing import MissingCase, lacking_cases
from tradepost.market.debugging.required import SoldProduct
from tradepost.market.identity.menus import Menu
from tradepost.market.notifications.product_reactions import REASON_TEXTS
from tradepost.market.product_types.registry import product_type
from tradepost.market.production.models import Binding
from tradepost.market.web.pages import ask
from tradepost.market.web.upgrade_rules import sku_label

from .frame import SellerRequest, seller_page, show
from .product_frame import own_product

MAX_ENDED_RULES = 20


class RuleForm(forms.Form):
    source = forms.ChoiceField(label=gettext_lazy("From SKU"))
    target = forms.ChoiceField(label=gettext_lazy("To SKU"))

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = "rule-%s"
        skus = _sku_choices(product)
        for name in ("source", "target"):
            self.fields[name].choices = skus  # type: ignore[attr-defined]  # of a ChoiceField


def _sku_choices(product: Product) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the SKUs by spec, as groups of a select."""
    groups: dict[str, list[tuple[str, str]]] = {}
    on_sale = Sku.objects.filter(spec__product=product, stopped_at=None, spec__stopped_at=None).select_related("spec")
    for sku in on_sale.order_by("spec__position", "spec_id", "pk"):
        spec = localised_name(sku.spec)
        groups.setdefault(spec, []).append((sku.code, sku_label(sku)))
    return list(groups.items())


def _missing_cases(product: Product) -> Sequence[MissingCase] | None:
    """Return the cases to debug before the first rule (saas-v2 §8.2: upgradeInstance); None without an address."""
    bound = Binding.objects.select_related("address").filter(product=product).first()
    return None if bound is None else lacking_cases(bound.address, SoldProduct(upgrades=True))


def _no_address_message() -> str:
    return _("Bind a production address first. Upgrades are requested from it.")


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
    lacks = _missing_cases(product) if form.is_valid() else []
    if lacks is None or lacks:
        form.add_error(None, _no_address_message() if lacks is None else lacks[0].words)
    return ask(
        request,
        form,
        lambda: verbs.add_rule(product, form.cleaned_data["source"], form.cleaned_data["target"], now=request.now),
        page=lambda: _page(request, product, form),
        done=_("The rule is active. It is checked again with every new version."),
        back=("seller_center:product_rules", pk),
    )


@require_POST
@seller_page(menu=Menu.PRODUCTS, product="pk")
def remove(request: SellerRequest, pk: int, rule: int) -> HttpResponse:
    try:
        with transaction.atomic():
            verbs.remove_rule(own_product(request, pk), rule)
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("The rule was deleted. Buyers can no longer make this change."))
    return redirect("seller_center:product_rules", pk=pk)


def _page(request: SellerRequest, product: Product, form: RuleForm) -> HttpResponse:
    own = UpgradeRule.objects.filter(source__spec__product=product).select_related("source__spec", "target__spec")
    lapsed_rules = own.filter(lapsed_at__isnull=False).order_by("-lapsed_at", "-pk")[:MAX_ENDED_RULES]
    return show(
        request,
        "seller_center/rules.html",
        product=product,
        form=form,
        possible=product_type(product.product_type).upgrades and product.status != Product.Status.STOPPED,
        lacks=_missing_cases(product),
        enough=any(len(skus) > 1 for _spec, skus in _sku_choices(product)),
        standing=[_rule_row(rule) for rule in verbs.rules_in_force(product)],
        lapsed=[_rule_row(rule) for rule in lapsed_rules],
    )


def _rule_row(rule: UpgradeRule) -> dict[str, Any]:
    reason = REASON_TEXTS.get(verbs.Reason(rule.why), "") if rule.why in verbs.Reason else ""
    return {
        "rule": rule,
        "spec": rule.source.spec,
        "source": sku_label(rule.source),
        "target": sku_label(rule.target),
        "why": _(reason) if reason else "",
    }
