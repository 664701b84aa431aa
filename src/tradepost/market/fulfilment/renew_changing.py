"""A renewal as something else: its seller is asked first whether it can, and its word holds for a while (saas-v2 §3.7, §8.1).

What was asked is an operation like any other, and the latest of a service says how its buyer stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.stored import load
from tradepost.market.orders import buy
from tradepost.market.orders.renew import check_renewable
from tradepost.market.orders.renew_change import check_near, check_target, is_plain
from tradepost.market.production import calls
from tradepost.market.production.models import Attempt
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import CheckChange, Scene
from tradepost.protocols.registry import protocols

from .cases import held_of, locked_subscriptions
from .kinds.check_change import KIND, Target
from .kinds.renew import Renewal
from .kinds.renew_change import ChangedRenewal
from .models import OPEN, Operation
from .operate import OperationRequest, operate
from .order_progress import Said, said_of
from .speak import implemented, refreshes

if TYPE_CHECKING:
    from tradepost.market.identity.models import User
    from tradepost.market.orders.convert import WithinSpec
    from tradepost.market.orders.models import Order, OrderLine


class Rules(Struct, frozen=True, kw_only=True):
    """Settings of the market. ``days_before``: the end; ``lasts_minutes``: the seller's word."""

    days_before: int
    lasts_minutes: int
    unpaid_timeout: timedelta


class Word(StrEnum):
    """How the seller's word on a change stands."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    SILENT = "silent"
    """No answer, or none that can be trusted."""


class Check(Struct, frozen=True):
    """What the seller was asked last. ``until``: how long its agreement holds, exclusive. ``words``: the seller's own, with a
    refusal; untrusted text."""

    target: Target
    word: Word
    until: datetime | None = None
    words: str = ""

    def is_about(self, product_id: str, quantity: int) -> bool:
        return (self.target.product_id, self.target.quantity) == (product_id, quantity)

    def holds(self, product_id: str, quantity: int, *, now: datetime) -> bool:
        """Whether the seller has agreed to this very target, and its word is still good."""
        return self.is_about(product_id, quantity) and self.until is not None and now < self.until


def sells_changes(subscription: Subscription) -> bool:
    """Whether its seller can be asked and told of a change at renewal, and has proven that it answers (saas-v2 §8.2)."""
    address = calls.addresses_of([subscription.product]).get(subscription.product_id)
    spoken = protocols().get(address.protocol) if address else None
    if address is None or spoken is None or CheckChange not in spoken.activities:
        return False
    if not refreshes(spoken, Scene.RENEWAL_CHANGE):
        return False
    return implemented(CheckChange, held_of(subscription, spoken, address))


def may_renew_changed(subscription: Subscription, *, now: datetime, days_before: int) -> bool:
    """It is time, and its seller sells changes. Of what is not near its end nothing is looked up."""
    try:
        check_change_possible(subscription, now=now, days_before=days_before)
    except Refused:
        return False
    return True


def check_change_possible(subscription: Subscription, *, now: datetime, days_before: int) -> None:
    """Raises ``Refused`` when it is not, or not any more, renewable, its end is too far away, or its seller sells no changes."""
    check_renewable(subscription, now=now)
    check_near(subscription, now=now, days_before=days_before)
    if not sells_changes(subscription):
        raise Refused(
            "renewal_change.no_word",
            _("The seller of this service does not change it at a renewal: renew it as it is."),
        )


def latest_check(subscription: Subscription) -> Check | None:
    """What the seller was asked last of this service, and what it said."""
    asked = Operation.objects.select_related("call").filter(subscription=subscription, kind=KIND.name)
    operation = asked.order_by("-pk").first()
    return None if operation is None else _check(operation)


def _check(operation: Operation) -> Check:
    target = load(Target, operation.wanted)
    if operation.status in OPEN:
        return Check(target, Word.ASKED)
    call = operation.call
    # One that ended without a call was never asked: nobody has agreed to it.
    if operation.status == Operation.Status.DONE and call is not None and operation.ended_at is not None:
        return Check(target, Word.AGREED, until=operation.ended_at + timedelta(minutes=target.lasts_minutes))
    last = Attempt.objects.filter(call=call).order_by("-number").first() if call else None
    if last is not None and said_of(last) is Said.REFUSED:
        return Check(target, Word.REFUSED, words=last.detail)
    return Check(target, Word.SILENT)


def ask_seller(subscription: Subscription, command: WithinSpec, *, actor: str, rules: Rules, now: datetime) -> None:
    """Ask whether it could be renewed so. What is being asked, or was agreed to and holds, is not asked again. Raises
    ``Refused`` for what could not be ordered."""
    check_change_possible(subscription, now=now, days_before=rules.days_before)
    with transaction.atomic():
        [held] = locked_subscriptions([subscription.pk])
        offer, priced = check_target(
            held, command.product_id, quantity=command.quantity, periods=command.periods, now=now,
            days_before=rules.days_before,
        )  # fmt: skip
        latest = latest_check(held)
        if latest is not None and latest.word is Word.ASKED:
            if latest.is_about(offer.product_id, priced.quantity):
                return
            raise Refused(
                "renewal_change.asked", _("The seller is being asked about another choice: wait for its answer.")
            )
        if latest is not None and latest.holds(offer.product_id, priced.quantity, now=now):
            return
        sku = offer.sku
        target = Target(
            product_id=offer.product_id,
            sku_code=sku.code,
            product_name=sku.spec.product.name,
            quantity=priced.quantity,
            linear_value=priced.quantity if sku.quantity_max > sku.quantity_min else None,
            lasts_minutes=rules.lasts_minutes,
        )
        operate(
            [
                OperationRequest(
                    kind=KIND.name, subscription=held, origin=Operation.Origin.BUYER, actor=actor, wanted=target
                )
            ],
            now=now,
        )


def order_changed(
    subscription: Subscription, buyer: User, command: WithinSpec, *, rules: Rules, now: datetime
) -> Order:
    """Order what the seller has agreed to, and go on at once where there is nothing to pay. Raises ``Refused``."""
    check_change_possible(subscription, now=now, days_before=rules.days_before)
    latest = latest_check(subscription)
    if latest is None or not latest.holds(command.product_id, command.quantity, now=now):
        raise Refused(
            "renewal_change.not_agreed",
            _("The seller has not agreed to this choice, or too long ago: ask again, then order."),
        )
    return buy.renew_changed(
        buyer, command, now=now, unpaid_timeout=rules.unpaid_timeout, days_before=rules.days_before
    )


def renewal_of(subscription: Subscription, line: OrderLine, renewal: Renewal) -> tuple[str, Renewal]:
    """The kind of operation that a paid renewal wants, and what is wanted: a change is asked for in its own way."""
    if is_plain(subscription, line.offer, line.quantity):
        return "renew", renewal
    latest = latest_check(subscription)
    agreed = latest is not None and latest.is_about(line.offer.product_id, line.quantity)
    until = latest.until if latest is not None and agreed else None
    return "renew_change", ChangedRenewal(since=renewal.since, until=renewal.until, agreed_until=until)
