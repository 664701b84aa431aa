"""Notices about withdrawals: of a request to operators, of each further state to the buyer."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse

from tradepost.market.payments.events import WithdrawalMoved
from tradepost.market.payments.withdrawal_models import Withdrawal

from . import facts as f
from .people import operators
from .tell import AddressedNotice, send_notice, send_notices

Status = Withdrawal.Status
BUYER_STATES = (Status.APPROVED, Status.PAID, Status.REJECTED, Status.RETURNED)
"""The buyer knows of the own request, and of taking it back."""


def on_withdrawal_moved(event: WithdrawalMoved, now: datetime) -> None:
    withdrawal = Withdrawal.objects.select_related("user").get(pk=event.withdrawal)
    facts: dict[str, f.Json | str] = {"amount": f.money(withdrawal.amount), "number": withdrawal.number}
    if event.status == Status.REQUESTED:
        link, facts = reverse("console:withdrawal", args=[withdrawal.pk]), facts | {"buyer": str(withdrawal.user)}
        other_operators = [user for user in operators("operator_withdrawal") if user.pk != withdrawal.user_id]
        tellings = [
            AddressedNotice(user=user, kind="operator_withdrawal", facts=facts, once=str(withdrawal.pk), link=link)
            for user in other_operators
        ]
        send_notices(tellings, now=now)
    elif event.status in BUYER_STATES:
        facts |= {"account": withdrawal.account_hint, "reference": withdrawal.bank_number, "reason": withdrawal.reason}
        link = reverse("storefront:withdrawal", args=[withdrawal.number])
        send_notice(
            withdrawal.user,
            f"withdrawal_{event.status}",
            once=f"{withdrawal.pk}/{event.status}",
            link=link,
            now=now,
            facts=facts,
        )
