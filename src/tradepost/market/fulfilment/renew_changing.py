"""Renewals with a change: ask the seller first; its agreement is valid for a while (saas-v2 §3.7, §8.1).

The request is an operation; the latest of a service shows its state.
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
from tradepost.market.orders.renew_change import check_near_end, check_target, keeps_edition_and_quantity
from tradepost.market.production import calls
from tradepost.market.production.models import Attempt
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import CheckChange, Scene
from tradepost.protocols.registry import protocols

from .cases import locked_subscriptions, view_of
from .kinds.check_change import KIND, Target
from .kinds.renew import Renewal
from .kinds.renew_change import ChangedRenewal
from .models import OPEN, Operation
from .operate import OperationRequest, operate
from .order_progress import AnswerMeaning, meaning_of
from .speak import implemented, refreshes

if TYPE_CHECKING:
    from tradepost.market.identity.models import User
    from tradepost.market.orders.convert import WithinSpec
    from tradepost.market.orders.models import Order, OrderLine


class ChangeRules(Struct, frozen=True, kw_only=True):
    """Settings. ``days_before``: days before the end; ``lasts_minutes``: validity of the seller's agreement."""

    days_before: int
    lasts_minutes: int
    unpaid_timeout: timedelta


class AgreementState(StrEnum):
    """State of the seller's agreement to a change."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    SILENT = "silent"
    """No answer, or none that can be trusted."""


class AgreementCheck(Struct, frozen=True):
    """The latest request. ``until``: validity of the agreement, exclusive. ``words``: text from the seller with a
    refusal; untrusted."""

    target: Target
    word: AgreementState
    until: datetime | None = None
    words: str = ""

    def is_about(self, product_id: str, quantity: int) -> bool:
        return (self.target.product_id, self.target.quantity) == (product_id, quantity)

    def holds(self, product_id: str, quantity: int, *, now: datetime) -> bool:
        """Return whether the seller's agreement to this target is still valid."""
        return self.is_about(product_id, quantity) and self.until is not None and now < self.until


def sells_changes(subscription: Subscription) -> bool:
    """Return whether the seller supports changes at renewal and has proven it (saas-v2 §8.2)."""
    address = calls.addresses_of([subscription.product]).get(subscription.product_id)
    protocol = protocols().get(address.protocol) if address else None
    if address is None or protocol is None or CheckChange not in protocol.activities:
        return False
    if not refreshes(protocol, Scene.RENEWAL_CHANGE):
        return False
    return implemented(CheckChange, view_of(subscription, protocol, address))


def may_renew_changed(subscription: Subscription, *, now: datetime, days_before: int) -> bool:
    """Return whether a change at renewal is possible now. Services that are not near their end cost no query."""
    try:
        check_change_possible(subscription, now=now, days_before=days_before)
    except Refused:
        return False
    return True


def check_change_possible(subscription: Subscription, *, now: datetime, days_before: int) -> None:
    """Raise ``Refused`` if it is not renewable, its end is too far away, or its seller does not support changes."""
    check_renewable(subscription, now=now)
    check_near_end(subscription, now=now, days_before=days_before)
    if not sells_changes(subscription):
        raise Refused(
            "renewal_change.no_word",
            _("The seller does not support changes at renewal. Renew the service without changes."),
        )


def latest_check(subscription: Subscription) -> AgreementCheck | None:
    """Return the latest request about this service and its answer."""
    operations = Operation.objects.select_related("call").filter(subscription=subscription, kind=KIND.name)
    operation = operations.order_by("-pk").first()
    return None if operation is None else _check(operation)


def _check(operation: Operation) -> AgreementCheck:
    target = load(Target, operation.wanted)
    if operation.status in OPEN:
        return AgreementCheck(target, AgreementState.ASKED)
    call = operation.call
    # An operation that ended without a call was never sent, so nothing was agreed.
    if operation.status == Operation.Status.DONE and call is not None and operation.ended_at is not None:
        return AgreementCheck(
            target, AgreementState.AGREED, until=operation.ended_at + timedelta(minutes=target.lasts_minutes)
        )
    last_attempt = Attempt.objects.filter(call=call).order_by("-number").first() if call else None
    if last_attempt is not None and meaning_of(last_attempt) is AnswerMeaning.REFUSED:
        return AgreementCheck(target, AgreementState.REFUSED, words=last_attempt.detail)
    return AgreementCheck(target, AgreementState.SILENT)


def request_agreement(
    subscription: Subscription, command: WithinSpec, *, actor: str, rules: ChangeRules, now: datetime
) -> None:
    """Ask the seller about this renewal, unless the request is pending or agreed. Raises ``Refused`` if it could not be
    ordered."""
    check_change_possible(subscription, now=now, days_before=rules.days_before)
    with transaction.atomic():
        [locked_subscription] = locked_subscriptions([subscription.pk])
        offer, price = check_target(
            locked_subscription, command.product_id, quantity=command.quantity, periods=command.periods, now=now,
            days_before=rules.days_before,
        )  # fmt: skip
        last_check = latest_check(locked_subscription)
        if last_check is not None and last_check.word is AgreementState.ASKED:
            if last_check.is_about(offer.product_id, price.quantity):
                return
            raise Refused("renewal_change.asked", _("The seller is checking another selection. Wait for the answer."))
        if last_check is not None and last_check.holds(offer.product_id, price.quantity, now=now):
            return
        sku = offer.sku
        target = Target(
            product_id=offer.product_id,
            sku_code=sku.code,
            product_name=sku.spec.product.name,
            quantity=price.quantity,
            linear_value=price.quantity if sku.quantity_max > sku.quantity_min else None,
            lasts_minutes=rules.lasts_minutes,
        )
        operate(
            [
                OperationRequest(
                    kind=KIND.name,
                    subscription=locked_subscription,
                    origin=Operation.Origin.BUYER,
                    actor=actor,
                    wanted=target,
                )
            ],
            now=now,
        )


def order_changed(
    subscription: Subscription, buyer: User, command: WithinSpec, *, rules: ChangeRules, now: datetime
) -> Order:
    """Order a change that the seller has agreed to; a free order continues at once. Raises ``Refused``."""
    check_change_possible(subscription, now=now, days_before=rules.days_before)
    last_check = latest_check(subscription)
    if last_check is None or not last_check.holds(command.product_id, command.quantity, now=now):
        raise Refused(
            "renewal_change.not_agreed",
            _("The seller has not agreed to this selection, or the agreement has expired. Ask again, then order."),
        )
    return buy.renew_changed(
        buyer, command, now=now, unpaid_timeout=rules.unpaid_timeout, days_before=rules.days_before
    )


def renewal_of(subscription: Subscription, line: OrderLine, renewal: Renewal) -> tuple[str, Renewal]:
    """Return the operation kind and parameters of a paid renewal, with or without a change."""
    if keeps_edition_and_quantity(subscription, line.offer, line.quantity):
        return "renew", renewal
    last_check = latest_check(subscription)
    is_agreed = last_check is not None and last_check.is_about(line.offer.product_id, line.quantity)
    until = last_check.until if last_check is not None and is_agreed else None
    return "renew_change", ChangedRenewal(since=renewal.since, until=renewal.until, agreed_until=until)
