"""Who is told of announced transfers: operators of a proof, the buyer of what became of it."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.base.events import on
from tradepost.market.base.money import Money
from tradepost.market.orders.models import Order
from tradepost.market.payments.events import ToppedUp, TransferExpired, TransferProofGiven, TransferRejected
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, Entry

from . import facts as f
from .reactions import operators
from .tell import Telling, tell, tell_all


def on_topped_up(event: ToppedUp, now: datetime) -> None:
    """Of money that was announced for an order its buyer reads that the order can be paid, or why not."""
    entry = Entry.objects.select_related("account__user", "transfer").get(
        transfer=event.transfer, account__kind=Account.Kind.BUYER
    )
    user, currency = entry.account.user, entry.account.currency
    if user is None:
        raise LookupError("a buyer's account without a buyer")
    amount, balance = Money(entry.amount_minor, currency), Money(entry.balance_after_minor or 0, currency)
    said: dict[str, f.Json | str] = {"amount": f.money(amount), "balance": f.money(balance)}
    intent = _intent_of(event.transfer)
    if intent is None:
        kind, link = "top_up", reverse("storefront:balance")
        said["reference"] = entry.transfer.reference
    else:
        kind, link, more = _booked(intent, balance, now)
        said |= more
    tell(user, kind, once=str(entry.transfer_id), link=link, now=now, facts=said)


def _intent_of(transfer: int) -> Intent | None:
    """The announced transfer whose money this is, booked at once or out of suspense."""
    facts = ProviderFact.objects.select_related("intent").filter(intent__isnull=False)
    fact = facts.filter(arrival=transfer).first() or facts.filter(moved=transfer).first()
    return fact.intent if fact else None


def _booked(intent: Intent, balance: Money, now: datetime) -> tuple[str, str, dict[str, f.Json | str]]:
    """The kind, where it leads, and what it says beside the amounts."""
    said: dict[str, f.Json | str] = {"reference": intent.number}
    order = Order.objects.filter(number=intent.purpose, buyer=intent.user_id).first() if intent.purpose else None
    if order is None or order.status not in {Order.Status.UNPAID, Order.Status.CANCELLED}:
        return "transfer_booked", reverse("storefront:balance"), said | {"announced": f.money(intent.amount)}
    link = reverse("storefront:order", args=[order.number])
    said |= {"order": order.number, "until": f.moment(order.pay_before)}
    if order.status == Order.Status.CANCELLED or order.pay_before <= now:
        return "transfer_booked_order_over", link, said
    if balance < order.total:
        return "transfer_booked_short", link, said | {"missing": f.money(order.total - balance)}
    return "transfer_booked_for_order", link, said


def on_transfer_proof_given(event: TransferProofGiven, now: datetime) -> None:
    """Once for each time that an operator has to look, not for each document."""
    intent = _intent(event.intent)
    if intent.status != Intent.Status.IN_REVIEW or intent.check_by is None:
        return
    said = {
        "amount": f.money(intent.amount),
        "reference": intent.number,
        "buyer": str(intent.user),
        "until": f.moment(intent.check_by),
    }
    tellings = [
        Telling(
            user=user,
            kind="operator_transfer_proof",
            facts=said,
            once=f"{intent.pk}/{intent.check_by:%Y%m%d%H%M}",
            link=reverse("console:transfer", args=[intent.pk]),
        )
        for user in operators()
        if user.pk != intent.user_id
    ]
    tell_all(tellings, now=now)


def on_transfer_rejected(event: TransferRejected, now: datetime) -> None:
    intent = _intent(event.intent)
    if intent.status == Intent.Status.FAILED and intent.ended_at is not None:
        _to_buyer(intent, "transfer_rejected", {"opinion": intent.opinion}, intent.ended_at, now)


def on_transfer_expired(event: TransferExpired, now: datetime) -> None:
    intent = _intent(event.intent)
    if intent.status == Intent.Status.EXPIRED and intent.ended_at is not None:
        _to_buyer(intent, "transfer_expired", {"reference": intent.number}, intent.ended_at, now)


def _to_buyer(intent: Intent, kind: str, more: dict[str, f.Json | str], at: datetime, now: datetime) -> None:
    tell(
        intent.user,
        kind,
        once=f"{intent.pk}/{at:%Y%m%d%H%M%S}",
        link=reverse("storefront:transfer", args=[intent.number]),
        now=now,
        facts={"amount": f.money(intent.amount), **more},
    )


def _intent(pk: int) -> Intent:
    return Intent.objects.select_related("user").get(pk=pk)


REACTIONS = (
    on(TransferRejected, on_transfer_rejected),
    on(TransferExpired, on_transfer_expired),
)
"""A part of ``wiring``'s table."""
