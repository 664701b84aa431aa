"""Fee policies: the market's share of sellers' earnings, for everyone, a product type or a seller, with dates."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from msgspec import Struct

from tradepost.market.base.both_languages import localised_name
from tradepost.market.base.config import config
from tradepost.market.base.money import Money
from tradepost.market.identity import operator_queries
from tradepost.market.product_types.registry import product_types
from tradepost.market.settlement import fee_rules
from tradepost.market.settlement.calendar import month_after, month_of
from tradepost.market.settlement.models import FeeRule
from tradepost.market.settlement.rules import policy_of
from tradepost.market.web.access import now_of, operator_required, person
from tradepost.market.web.pages import act, ask, submitted_data
from tradepost.market.web.pages.form_acts import or_404

from .arrival_form import parse_amount

MAX_POLICIES = 500
"""Maximum number of policies on the page."""
TIER_FIELDS = (("first_from", "first_more"), ("second_from", "second_more"))


def parse_percent(typed: str, *, least: Decimal, most: Decimal) -> Decimal:
    """Parse a percentage with at most two decimals into a share. Raises ``ValidationError``."""
    words = gettext(
        "Enter a percentage between %(least)s and %(most)s with at most two decimals, for example 95 or 97.5."
    )
    try:
        value = Decimal(typed) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", typed) else None
    except InvalidOperation:
        value = None
    if value is None or not least <= value <= most:
        raise forms.ValidationError(words % {"least": least, "most": most})
    return value / 100


class FeeForm(forms.Form):
    name = forms.CharField(label=_("Policy name"), max_length=64, help_text=_("Statements show it to sellers."))
    seller = forms.CharField(
        label=_("Seller"), max_length=128, required=False,
        help_text=_("Name of the company. Leave it empty for all sellers."),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Product type"), required=False)
    share = forms.CharField(
        label=_("Seller's share in percent"), max_length=6, help_text=_("The market keeps the rest as its fee."),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip
    first_from = forms.CharField(
        max_length=16, required=False,
        help_text=_("The share increases when buyers pay this amount or more for one product in a month."),
    )  # fmt: skip
    first_more = forms.CharField(label=_("Additional share in percent"), max_length=6, required=False)
    second_from = forms.CharField(
        max_length=16,
        required=False,
        help_text=_("At this amount, the second additional share replaces the first."),
    )
    second_more = forms.CharField(label=_("Second additional share in percent"), max_length=6, required=False)
    starts = forms.CharField(
        label=_("First month"), max_length=7, help_text=_("The policy applies to buyer payments from this month."),
        widget=forms.TextInput(attrs={"placeholder": "2027-01", "inputmode": "numeric"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(code, kind.title.in_language(get_language())) for code, kind in product_types().items()]
        currency = {"currency": config().currency}
        self.fields["first_from"].label = gettext("First threshold in %(currency)s") % currency
        self.fields["second_from"].label = gettext("Second threshold in %(currency)s") % currency
        self.fields["kind"].choices = [("", gettext("All types")), *kinds]  # type: ignore[attr-defined]

    def clean_seller(self) -> object:
        text = self.cleaned_data["seller"].strip()
        if not text:
            return None
        exact = [
            seller
            for seller in operator_queries.sellers_named(text, most=20)
            if text in {seller.slug, seller.name, seller.name_en}
        ]
        if len(exact) != 1:
            raise forms.ValidationError(
                gettext("No seller, or more than one seller, has the name %(text)s.") % {"text": text}
            )
        return exact[0]

    def clean_share(self) -> Decimal:
        return parse_percent(self.cleaned_data["share"], least=Decimal("0.01"), most=Decimal(100))

    def clean_starts(self) -> date:
        found_month = re.fullmatch(r"(20[0-9]{2})-(0[1-9]|1[0-2])", self.cleaned_data["starts"].strip())
        if found_month is None:
            raise forms.ValidationError(gettext("Enter year and month, for example 2027-01."))
        return date(int(found_month[1]), int(found_month[2]), 1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["increments"] = [step for step in (self._step(*names) for names in TIER_FIELDS) if step is not None]
        starts = [start for start, _more in cleaned["increments"]]
        if starts != sorted(set(starts)):
            self.add_error("second_from", gettext("The second amount must be larger than the first."))
        return cleaned

    def _step(self, from_name: str, more_name: str) -> list[Any] | None:
        start, increment = str(self.data.get(from_name, "")).strip(), str(self.data.get(more_name, "")).strip()
        if not start and not increment:
            return None
        try:
            minor = Money.of(parse_amount(start, config().currency), config().currency).minor
        except forms.ValidationError as error:
            self.add_error(from_name, error)
            return None
        try:
            return [minor, str(parse_percent(increment, least=Decimal("0.01"), most=Decimal(100)))]
        except forms.ValidationError as error:
            self.add_error(more_name, error)
            return None

    def values(self) -> dict[str, Any]:
        names = ("name", "seller", "share", "increments", "starts")
        return {name: self.cleaned_data[name] for name in names} | {"product_type": self.cleaned_data["kind"]}


class PolicyRow(Struct, frozen=True):
    """A policy as shown on the page."""

    rule: FeeRule
    whom: str
    share: str
    steps: list[tuple[Money, str]]
    state: str

    @property
    def last(self) -> date | None:
        """Return a day of the last month in which the policy applies; ``ends`` is the first month in which it does not."""
        return self.rule.ends - timedelta(days=1) if self.rule.ends else None

    @property
    def planned(self) -> bool:
        return self.state == "planned"

    @property
    def in_force(self) -> bool:
        return self.state == "in_force"


def _months(request: HttpRequest) -> tuple[date, date]:
    this_month = month_of(now_of(request), timezone.get_default_timezone())
    return this_month, month_after(this_month)


def _format_percent(part: Decimal) -> str:
    return f"{part * 100:f}".rstrip("0").rstrip(".")


def _policy_row(rule: FeeRule, day: date) -> PolicyRow:
    kind = product_types().get(rule.product_type)
    parts = [
        localised_name(rule.seller, "name") if rule.seller else "",
        kind.title.in_language(get_language()) if kind else rule.product_type,
    ]
    state = "planned" if rule.starts > day else "ended" if rule.ends is not None and rule.ends <= day else "in_force"
    steps = [
        (Money(start, config().currency), _format_percent(increment)) for start, increment in rule.policy.increments
    ]
    return PolicyRow(rule, " · ".join(part for part in parts if part), _format_percent(rule.share), steps, state)


@operator_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    this_month, _next = _months(request)
    default = policy_of(config().settlement)
    rules = FeeRule.objects.select_related("seller").order_by("-starts", "-pk")[:MAX_POLICIES]
    context = {
        "rows": [_policy_row(rule, this_month) for rule in rules],
        "share": _format_percent(default.share),
        "steps": [
            (Money(start, config().currency), _format_percent(increment)) for start, increment in default.increments
        ],
    }
    return render(request, "console/fees.html", context)


@operator_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    this_month, _next = _months(request)
    form = FeeForm(submitted_data(request), initial={"starts": f"{month_after(this_month):%Y-%m}"})
    return ask(
        request,
        form,
        lambda: fee_rules.add(
            form.values() | {"created_by": person(request).email, "created_at": now_of(request)}, this_month=this_month
        ),
        page=lambda: render(request, "console/fee_new.html", {"form": form}),
        done=lambda rule: (
            gettext("The policy %(name)s applies from %(month)s.") % {"name": rule, "month": f"{rule.starts:%Y-%m}"}
        ),
        back="console:fees",
    )


@operator_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    rule, (_this, after) = or_404(FeeRule.objects.filter(pk=pk).first()), _months(request)
    return act(
        request,
        lambda: fee_rules.end(rule, next_month=after, by=person(request).email),
        done=gettext("The policy %(name)s ends this month.") % {"name": rule},
        back="console:fees",
    )


@operator_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    rule, (this_month, _after) = or_404(FeeRule.objects.filter(pk=pk).first()), _months(request)
    return act(
        request,
        lambda: fee_rules.delete(rule, this_month=this_month),
        done=gettext("The policy %(name)s was deleted.") % {"name": rule},
        back="console:fees",
    )
