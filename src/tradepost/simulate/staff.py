"""Actions of sellers and operators: restart, refund, freeze, unfreeze, release, decide, add money and levels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import QuerySet

from tradepost.market.base.money import Money
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import refund_order, stopped_orders
from tradepost.market.fulfilment.restart import restart
from tradepost.market.fulfilment.unsubscribe import approve_refund
from tradepost.market.identity.customer_level import set_level
from tradepost.market.identity.models import Level, User
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.orders.refund_requests import Decision, reject
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES

from .looking import OPERATOR, SELLER, FormSubmission, PageVisit
from .market import CURRENCY
from .purchases import subscription_of
from .services import REFUND_RULES


def restart_operation(look: PageVisit) -> FormSubmission | None:
    stopped_operations = Operation.objects.select_related("call").filter(status=Operation.Status.STOPPED)
    waiting_operations = Operation.objects.select_related("call").filter(status=Operation.Status.RUNNING)
    operation = look.one_of(list((stopped_operations or waiting_operations).order_by("pk")))
    if operation is None:
        return None

    def do(now: datetime) -> None:
        restart(operation, actor=SELLER, now=now)

    return FormSubmission(
        words=f"a seller restarts operation {operation.pk} ({operation.kind})", do=do, about=operation.subscription_id
    )


def refund_stopped_order(look: PageVisit) -> FormSubmission | None:
    order = look.one_of(list(stopped_orders().select_related("buyer").order_by("pk")))
    if order is None:
        return None

    def do(now: datetime) -> None:
        refund_order(order, reason="agreed", actor=OPERATOR, now=now)

    return FormSubmission(words=f"an operator pays order {order.pk} back", do=do, about=subscription_of(order))


def _by_operator(
    look: PageVisit, words: str, act: Callable[..., None], services: QuerySet[Subscription]
) -> FormSubmission | None:
    service = look.one_of(list(services.filter(status__in=LIVE_STATUSES).order_by("pk")))
    if service is None:
        return None

    def do(now: datetime) -> None:
        act(service, reason="as agreed", actor=OPERATOR, now=now)

    return FormSubmission(words=f"an operator {words} service {service.pk}", do=do, about=service.pk)


def freeze(look: PageVisit) -> FormSubmission | None:
    return _by_operator(look, "freezes", by_operator.freeze, Subscription.objects.all())


def unfreeze(look: PageVisit) -> FormSubmission | None:
    frozen = Subscription.objects.filter(freezes__reason=by_operator.OPERATOR_REASON, freezes__lifted_at=None)
    return _by_operator(look, "lifts the freeze of", by_operator.lift, frozen)


def release(look: PageVisit) -> FormSubmission | None:
    return _by_operator(look, "releases", by_operator.release, Subscription.objects.all())


def change_level(look: PageVisit) -> FormSubmission | None:
    level = look.chance.choice(Level.values)

    def do(now: datetime) -> None:
        set_level(User.objects.get(pk=look.buyer.pk), level, reason="as agreed", actor=OPERATOR, now=now)

    return FormSubmission(words=f"an operator gives {look.buyer} the level {level}", do=do)


def decide_refund(look: PageVisit) -> FormSubmission | None:
    """A seller, or an operator on an appeal, accepts or refuses a refund."""
    waiting_refunds = Refund.objects.filter(status__in=OPEN_REFUNDS, kind=Refund.Kind.NEGOTIATED).select_related(
        "seller"
    )
    refund = look.one_of(list(waiting_refunds.order_by("pk")))
    if refund is None:
        return None
    is_appealed = refund.status == Refund.Status.APPEALED
    by = User.objects.get(email=OPERATOR) if is_appealed else refund.seller.members.get().user
    decision = Decision(by=by, by_operator=is_appealed, opinion="as agreed")
    agrees = look.chance.random() < 0.6

    def do(now: datetime) -> None:
        if agrees:
            approve_refund(refund, decision, rules=REFUND_RULES, now=now)
        else:
            reject(refund, decision, now=now)

    words = f"{by} {'agrees to' if agrees else 'refuses'} request {refund.pk}"
    return FormSubmission(words=words, do=do, about=refund.subscription_id)


def top_up(look: PageVisit) -> FormSubmission | None:
    reference = f"BANK-{look.chance.randrange(10**12)}"

    def do(now: datetime) -> None:
        ledger.top_up(look.buyer, Money.of("500", CURRENCY), reference=reference, actor=OPERATOR, now=now)

    return FormSubmission(words=f"an operator tops {look.buyer} up", do=do)
