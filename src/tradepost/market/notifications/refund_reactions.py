"""Who is told of a refund: its buyer, whoever acts for its seller, and operators of an appeal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.orders.events import (
    RefundDecided,
    RefundPaid,
    RefundRequested,
    RefundUnanswered,
    RefundWithdrawn,
)
from tradepost.market.orders.refund_models import Refund

from . import facts as f
from .reactions import operators, people_of, seller_names
from .tell import Telling, tell_all


def on_refund_paid(event: RefundPaid, now: datetime) -> None:
    refund = _refund(event.refund)
    tell_all([_paid(refund), *_to_seller(refund, _of_seller(refund), {"amount": f.money(refund.total)})], now=now)


def on_refund_requested(event: RefundRequested, now: datetime) -> None:
    refund = _refund(event.refund)
    if not event.appeal:
        tell_all(_to_seller(refund, "seller_refund_asked", _asked(refund)), now=now)
        return
    to_operators = [
        Telling(
            user=user,
            kind="operator_refund_appeal",
            facts={**_shared(refund), **_asked(refund), "seller": seller_names(refund.seller)},
            once=f"{refund.pk}",
            link=reverse("console:refund", args=[refund.pk]),
        )
        for user in operators()
    ]
    tell_all([*to_operators, *_to_seller(refund, "seller_refund_appealed", _asked(refund))], now=now)


def on_refund_decided(event: RefundDecided, now: datetime) -> None:
    """Of what was agreed on the buyer hears by the money; a seller knows what it decided itself."""
    refund, agreed = _refund(event.refund), event.outcome == "approved"
    more: dict[str, f.Json | str] = {**_asked(refund), "opinion": refund.opinion}
    tellings = []
    if not agreed:
        kind = "refund_refused_by_operator" if refund.by_operator else "refund_refused"
        tellings.append(_to_buyer(refund, kind, more))
    if refund.by_operator:
        kind = "seller_refund_decided_for" if agreed else "seller_refund_decided_against"
        tellings += _to_seller(refund, kind, more)
    tell_all(tellings, now=now)


def on_refund_withdrawn(event: RefundWithdrawn, now: datetime) -> None:
    refund = _refund(event.refund)
    tell_all(_to_seller(refund, "seller_refund_withdrawn", {}), now=now)


def on_refund_unanswered(event: RefundUnanswered, now: datetime) -> None:
    refund = _refund(event.refund)
    if refund.status != Refund.Status.SELLER_REVIEW:
        return
    if event.may_appeal:
        tell_all([_to_buyer(refund, "refund_may_appeal", _asked(refund))], now=now)
        return
    reminded = _to_seller(refund, "seller_refund_waits", _asked(refund))
    tell_all([_to_buyer(refund, "refund_unanswered", _asked(refund)), *reminded], now=now)


def _asked(refund: Refund) -> dict[str, f.Json | str]:
    until = {"until": f.moment(refund.appeal_at)} if refund.appeal_at is not None else {}
    return {"amount": f.money(refund.total), **until}


def _paid(refund: Refund) -> Telling:
    held = refund.subscription
    renewal, until, amount = refund.kind == Refund.Kind.CANCEL_RENEWAL, held.expires_at, f.money(refund.total)
    if renewal:
        more = {"until": f.moment(until)} if until is not None else {}
        kinds = ("refund_of_renewal", "refund_of_free_renewal")
        return _to_buyer(refund, kinds[refund.total.minor == 0], {"amount": amount, **more})
    if refund.kind == Refund.Kind.END:
        kind = "usage_service_ended"
    else:
        kind = "refund_paid" if refund.total.minor else "refund_free"
    return _to_buyer(refund, kind + _BUYERS_VARIANT.get(deleted_by(held), ""), {"amount": amount})


_BUYERS_VARIANT = {DeletedBy.IMAGE: "_image", DeletedBy.NOBODY: "_plain"}


def _of_seller(refund: Refund) -> str:
    by_kind = {
        Refund.Kind.END: "seller_usage_service_ended",
        Refund.Kind.CANCEL_RENEWAL: "seller_renewal_taken_back",
    }
    kind = by_kind.get(Refund.Kind(refund.kind), "seller_unsubscribed")
    return kind if deleted_by(refund.subscription) is DeletedBy.SELLER else f"{kind}_plain"


def _to_buyer(refund: Refund, kind: str, more: Mapping[str, f.Json | str]) -> Telling:
    return Telling(
        user=refund.buyer,
        kind=kind,
        facts={**_shared(refund), **more},
        once=f"{refund.pk}",
        link=reverse("storefront:refund", args=[refund.pk]),
    )


def _to_seller(refund: Refund, kind: str, more: Mapping[str, f.Json | str]) -> list[Telling]:
    return [
        Telling(
            user=user,
            kind=kind,
            facts={**_shared(refund), **more},
            once=f"{refund.pk}",
            link=reverse("seller_center:refund", args=[refund.pk]),
            contact=contact,
            seller=refund.seller_id,
        )
        for user, contact in people_of(refund.seller)
    ]


def _shared(refund: Refund) -> dict[str, f.Json | str]:
    product = refund.subscription.product
    return {
        "product": f.names(product.name, product.name_en),
        "order": refund.order.number if refund.order else "–",
    }


def _refund(pk: int) -> Refund:
    return Refund.objects.select_related(
        "buyer", "seller", "order", "subscription__product", "subscription__offer"
    ).get(pk=pk)


REACTIONS = (
    on(RefundRequested, on_refund_requested),
    on(RefundDecided, on_refund_decided),
    on(RefundWithdrawn, on_refund_withdrawn),
    on(RefundUnanswered, on_refund_unanswered),
)
"""A part of ``wiring``'s table."""
