"""Notify buyers and sellers of money that was booked, and of corrected bookings."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.base.money import Money
from tradepost.market.orders.models import Order
from tradepost.market.payments.correction_models import Correction
from tradepost.market.payments.events import (
    BookingCorrected,
    RepaymentBooked,
    ToppedUp,
)
from tradepost.market.payments.intent_models import Intent, ProviderFact
from tradepost.market.payments.models import Account, Entry

from . import facts as f
from .notify import send
from .people import people_of
from .subjects.transfers import TRANSFER
from .tell import AddressedNotice, send_notice, send_notices


def on_topped_up(event: ToppedUp, now: datetime) -> None:
    """Notify the buyer. If the transfer was announced for an order, say whether the order can be paid now."""
    entry = Entry.objects.select_related("account__user", "transfer").get(
        transfer=event.transfer, account__kind=Account.Kind.BUYER
    )
    user, currency = entry.account.user, entry.account.currency
    if user is None:
        raise LookupError("a buyer's account without a buyer")
    amount, balance = Money(entry.amount_minor, currency), Money(entry.balance_after_minor or 0, currency)
    facts: dict[str, f.Json | str] = {"amount": f.money(amount), "balance": f.money(balance)}
    intent = _intent_of(event.transfer)
    if intent is None:
        kind, link = "top_up", reverse("storefront:balance")
        facts["reference"] = entry.transfer.reference
    else:
        kind, link, more = _booking_notice(intent, balance, now)
        facts |= more
    send_notice(user, kind, once=str(entry.transfer_id), link=link, now=now, facts=facts)


def _intent_of(transfer: int) -> Intent | None:
    """Return the announced transfer whose money was booked, at once or after it was unassigned."""
    facts = ProviderFact.objects.select_related("intent").filter(intent__isnull=False)
    fact = facts.filter(arrival=transfer).first() or facts.filter(moved=transfer).first()
    return fact.intent if fact else None


def _booking_notice(intent: Intent, balance: Money, now: datetime) -> tuple[str, str, dict[str, f.Json | str]]:
    """Return the kind of the notice, its link, and its facts beside the amounts."""
    facts: dict[str, f.Json | str] = {"reference": intent.number}
    order = Order.objects.filter(number=intent.purpose, buyer=intent.user_id).first() if intent.purpose else None
    if order is None or order.status not in {Order.Status.UNPAID, Order.Status.CANCELLED}:
        return "transfer_booked", reverse("storefront:balance"), facts | {"announced": f.money(intent.amount)}
    link = reverse("storefront:order", args=[order.number])
    facts |= {"order": order.number, "until": f.moment(order.pay_before)}
    if order.status == Order.Status.CANCELLED or order.pay_before <= now:
        return "transfer_booked_order_over", link, facts
    if balance < order.total:
        return "transfer_booked_short", link, facts | {"missing": f.money(order.total - balance)}
    return "transfer_booked_for_order", link, facts


def on_booking_corrected(event: BookingCorrected, now: datetime) -> None:
    """Notify each buyer or seller whose money it was or is. Unassigned money has no owner to notify."""
    correction = Correction.objects.select_related(
        "account__user", "account__seller", "account_before__user", "account_before__seller", "transfer", "booked"
    ).get(pk=event.correction)
    if correction.moved:
        _notify_of_correction(
            correction, correction.account_before, correction.before, Money(0, correction.before.currency), now
        )
        _notify_of_correction(
            correction, correction.account, Money(0, correction.before.currency), correction.amount, now
        )
    else:
        _notify_of_correction(correction, correction.account, correction.before, correction.amount, now)


def _notify_of_correction(correction: Correction, account: Account, before: Money, after: Money, now: datetime) -> None:
    facts: dict[str, f.Json | str] = {
        "before": f.money(before), "amount": f.money(after), "reference": correction.transfer.reference,
        "reason": correction.reason,
    }  # fmt: skip
    once = f"{correction.pk}/{account.pk}"
    if account.user is not None:
        balance_minor = (
            correction.booked.entries.filter(account=account).values_list("balance_after_minor", flat=True).first() or 0
        )
        facts |= {
            "balance": f.money(Money(balance_minor, account.currency)),
            "owed": f.money(Money(max(-balance_minor, 0), account.currency)),
        }
        kind = "booking_corrected_owing" if balance_minor < 0 else "booking_corrected"
        send_notice(account.user, kind, once=once, link=reverse("storefront:balance"), now=now, facts=facts)
    elif account.seller is not None:
        link, seller = reverse("seller_center:statement"), account.seller
        tellings = [
            AddressedNotice(
                user=user,
                kind="repayment_corrected",
                facts=facts,
                once=once,
                link=link,
                contact=contact,
                seller=seller.pk,
            )
            for user, contact in people_of(seller)
        ]
        send_notices(tellings, now=now)


def on_repayment_booked(event: RepaymentBooked, now: datetime) -> None:
    intent = Intent.objects.select_related("user", "seller", "fact").get(pk=event.intent)
    more: dict[str, f.Json | str] = {"reference": intent.number, "amount": f.money(intent.fact.amount)}
    once = f"{intent.pk}/{intent.fact.ended_at or now:%Y%m%d%H%M%S}"
    reader, kind = ("buyer", "transfer_booked") if intent.seller is None else ("seller", "repayment_booked")
    send([TRANSFER.draft(reader, intent, kind, more, once=once)], now=now)
