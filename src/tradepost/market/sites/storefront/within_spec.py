"""A choice among the prices of the specification that a service has, for the pages on which one orders more of it or another."""

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
from tradepost.market.orders.place import quote, sold_version
from tradepost.market.orders.pricing import Priced
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.web.access import now_of, person

from .agreement import consent, shown_to_buyer
from .choice import Choice, Picked, choose, whole

PICKED = ("plan", "periods", "quantity")


class Chosen(Struct, frozen=True):
    """``picked`` as the page sent it. ``priced`` is None for what is not offered; ``wrong`` says why."""

    picked: Picked
    choice: Choice
    priced: Priced | None
    wrong: Refused | None

    @property
    def holds(self) -> bool:
        """Whether everything that was picked is on sale; nothing else may be ordered in its place."""
        return self.choice.is_what(self.picked)

    @property
    def quantity(self) -> int:
        return whole(self.choice.quantity)

    @property
    def query(self) -> str:
        """The choice as the query of an address."""
        query = QueryDict(mutable=True)
        values = {a.code: o.value["code"] for a in self.choice.attributes for o in a.options if o.here}
        query.update({f"attr_{code}": value for code, value in values.items()})
        query.update({
            "plan": self.choice.offer.plan, "periods": self.choice.periods, "quantity": self.choice.quantity,
        })  # fmt: skip
        return query.urlencode()


def chosen(
    held: Subscription, request: HttpRequest, *, statuses: Collection[str], fixed: bool = False
) -> Chosen | None:
    """What was picked, else what is held as closely as it is sold; None when nothing of the specification is. ``fixed``: the
    quantity stays as it is."""
    spec = held.offer.sku.spec
    product = paid_by_period(spec.pk, statuses=statuses)
    query = request.POST or request.GET
    picked = Picked.of(query)
    if not any(name in query for name in PICKED) and not picked.values:
        picked = Picked(values=held.offer.sku.values)
    quantity = str(held.quantity) if fixed else picked.quantity or str(held.quantity)
    picked = replace(picked, spec=spec.key, quantity=quantity)
    choice = choose(product, picked) if product else None
    if choice is None:
        return None
    try:
        priced = quote(choice.offer, quantity=whole(choice.quantity), periods=whole(choice.periods))
    except Refused as refused:
        return Chosen(picked, choice, None, refused)
    return Chosen(picked, choice, priced, None)


def command(request: HttpRequest, held: Subscription, found: Chosen) -> WithinSpec:
    """What the form orders. Its price is the one that was shown: a form without a quote was shown none, and is refused."""
    return WithinSpec(
        subscription=held.pk,
        product_id=found.choice.offer.product_id,
        quantity=found.quantity,
        periods=whole(found.choice.periods),
        agreed=request.POST.get("agreed") == "on",
        agreements=shown_to_buyer(request),
        quote=request.POST.get("quote", "") or "none",
    )


def context(request: HttpRequest, held: Subscription, found: Chosen | None, refused: Refused | None) -> dict[str, Any]:
    """What both pages show: the choice with its price, and the order that is in the way."""
    waiting = open_changes(held)
    errors = {refused.field: refused.message} if refused else {}
    if found is not None and found.wrong is not None:
        errors.setdefault(found.wrong.field, found.wrong.message)
    return {
        "subscription": held,
        "product": held.product,
        "seller": held.seller,
        "choice": found.choice if found else None,
        "priced": found.priced if found else None,
        "quote": _quote(request, found) if found else "",
        "stamp": "",
        "waiting": waiting[0] if waiting else None,
        "unpaid": bool(waiting) and waiting[0].status == Order.Status.UNPAID,
        **consent(request, held.product, refused),
        "errors": errors,
        "refused": refused,
        "wrong": found.wrong.message if found and found.wrong else "",
    }


def _quote(request: HttpRequest, found: Chosen) -> str:
    if found.priced is None:
        return ""
    return quotes.show(
        person(request), found.choice.offer, found.priced, version=sold_version(found.choice.spec.product),
        now=now_of(request), lasts=timedelta(minutes=config().quote_minutes),
    )  # fmt: skip
