"""A choice among the prices of a service's specification, for pages that order more of it or another plan."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, QueryDict
from msgspec import Struct

from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.values import replace
from tradepost.market.catalog.within_spec import paid_by_period
from tradepost.market.orders import quotes
from tradepost.market.orders.changes import open_changes
from tradepost.market.orders.convert import WithinSpec
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import price_choice, sold_version
from tradepost.market.orders.pricing import PricedChoice
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person

from .agreement import consent_context, submitted_stamp
from .choice import Choice, SubmittedChoice, choose, parse_count

CHOICE_FIELDS = ("plan", "periods", "quantity")


class SpecChoice(Struct, frozen=True):
    """A choice. ``picked``: as submitted; ``priced``: None if it is not offered; ``wrong``: the reason."""

    picked: SubmittedChoice
    choice: Choice
    priced: PricedChoice | None
    wrong: Refused | None

    @property
    def holds(self) -> bool:
        """Return whether everything chosen is on sale. Nothing else may be ordered instead."""
        return self.choice.is_what(self.picked)

    @property
    def quantity(self) -> int:
        return parse_count(self.choice.quantity)

    @property
    def query(self) -> str:
        """Return the choice as a query string."""
        query = QueryDict(mutable=True)
        values = {
            attribute.code: option.value["code"]
            for attribute in self.choice.attributes
            for option in attribute.options
            if option.here
        }
        query.update({f"attr_{code}": value for code, value in values.items()})
        query.update({
            "plan": self.choice.offer.plan, "periods": self.choice.periods, "quantity": self.choice.quantity,
        })  # fmt: skip
        return query.urlencode()


def spec_choice(
    service: Subscription, request: HttpRequest, *, statuses: Collection[str], fixed: bool = False
) -> SpecChoice | None:
    """Return the submitted choice, otherwise the closest to the current service; None if nothing of the specification
    is on sale. ``fixed``: keep the quantity."""
    spec = service.offer.sku.spec
    product = paid_by_period(spec.pk, statuses=statuses)
    query = request.POST or request.GET
    picked = SubmittedChoice.of(query)
    if not any(name in query for name in CHOICE_FIELDS) and not picked.values:
        picked = SubmittedChoice(values=service.offer.sku.values)
    quantity = str(service.quantity) if fixed else picked.quantity or str(service.quantity)
    picked = replace(picked, spec=spec.key, quantity=quantity)
    choice = choose(product, picked) if product else None
    if choice is None:
        return None
    try:
        priced = price_choice(choice.offer, quantity=parse_count(choice.quantity), periods=parse_count(choice.periods))
    except Refused as refused:
        return SpecChoice(picked, choice, None, refused)
    return SpecChoice(picked, choice, priced, None)


def command(request: HttpRequest, service: Subscription, choice: SpecChoice) -> WithinSpec:
    """Build the command of the form. Its price is the quoted one; a form without a quote is refused."""
    return WithinSpec(
        subscription=service.pk,
        product_id=choice.choice.offer.product_id,
        quantity=choice.quantity,
        periods=parse_count(choice.choice.periods),
        agreed=request.POST.get("agreed") == "on",
        agreements=submitted_stamp(request),
        quote=request.POST.get("quote", "") or "none",
    )


def context(
    request: HttpRequest, service: Subscription, choice: SpecChoice | None, refused: Refused | None
) -> dict[str, Any]:
    """Return the context of both pages: the choice with its price, and a conflicting order."""
    waiting = open_changes(service)
    errors = {refused.field: refused.message} if refused else {}
    if choice is not None and choice.wrong is not None:
        errors.setdefault(choice.wrong.field, choice.wrong.message)
    return {
        "subscription": service,
        "product": service.product,
        "seller": service.seller,
        "choice": choice.choice if choice else None,
        "priced": choice.priced if choice else None,
        "quote": _quote(request, choice) if choice else "",
        "stamp": "",
        "waiting": waiting[0] if waiting else None,
        "unpaid": bool(waiting) and waiting[0].status == Order.Status.UNPAID,
        **consent_context(request, service.product, refused),
        "errors": errors,
        "refused": refused,
        "wrong": choice.wrong.message if choice and choice.wrong else "",
    }


def _quote(request: HttpRequest, choice: SpecChoice) -> str:
    if choice.priced is None:
        return ""
    return quotes.sign_quote(
        person(request), choice.choice.offer, choice.priced, version=sold_version(choice.choice.spec.product),
        now=now_of(request), lasts=timedelta(minutes=config().orders.quote_minutes),
    )  # fmt: skip
