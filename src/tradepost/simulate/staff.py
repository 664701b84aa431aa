"""What sellers and operators do about it: restart, pay back, freeze, lift, release, decide, give money and levels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db.models import QuerySet

from tradepost.market.base.money import Money
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.pay_back import pay_back, stopped_orders
from tradepost.market.fulfilment.restart import restart
from tradepost.market.fulfilment.unsubscribe import agree
from tradepost.market.identity.customer_level import set_level
from tradepost.market.identity.models import Level, User
from tradepost.market.orders.refund_models import OPEN_REFUNDS, Refund
from tradepost.market.orders.refund_requests import Decision, reject
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING

from .looking import OPERATOR, SELLER, Look, Post
from .market import CURRENCY
from .purchases import about_of
from .services import REFUNDS


def restarts(look: Look) -> Post | None:
    stopped = Operation.objects.select_related("call").filter(status=Operation.Status.STOPPED)
    waiting = Operation.objects.select_related("call").filter(status=Operation.Status.RUNNING)
    operation = look.one_of(list((stopped or waiting).order_by("pk")))
    if operation is None:
        return None

    def do(now: datetime) -> None:
        restart(operation, actor=SELLER, now=now)

    return Post(
        words=f"a seller restarts operation {operation.pk} ({operation.kind})", do=do, about=operation.subscription_id
    )


def pays_back(look: Look) -> Post | None:
    order = look.one_of(list(stopped_orders().select_related("buyer").order_by("pk")))
    if order is None:
        return None

    def do(now: datetime) -> None:
        pay_back(order, reason="agreed", actor=OPERATOR, now=now)

    return Post(words=f"an operator pays order {order.pk} back", do=do, about=about_of(order))


def _by_operator(look: Look, words: str, act: Callable[..., None], found: QuerySet[Subscription]) -> Post | None:
    held = look.one_of(list(found.filter(status__in=LIVING).order_by("pk")))
    if held is None:
        return None

    def do(now: datetime) -> None:
        act(held, reason="as agreed", actor=OPERATOR, now=now)

    return Post(words=f"an operator {words} service {held.pk}", do=do, about=held.pk)


def freezes(look: Look) -> Post | None:
    return _by_operator(look, "freezes", by_operator.freeze, Subscription.objects.all())


def lifts(look: Look) -> Post | None:
    frozen = Subscription.objects.filter(freezes__reason=by_operator.BY_HAND, freezes__lifted_at=None)
    return _by_operator(look, "lifts the freeze of", by_operator.lift, frozen)


def releases(look: Look) -> Post | None:
    return _by_operator(look, "releases", by_operator.release, Subscription.objects.all())


def gives_a_level(look: Look) -> Post | None:
    level = look.chance.choice(Level.values)

    def do(now: datetime) -> None:
        set_level(User.objects.get(pk=look.buyer.pk), level, reason="as agreed", actor=OPERATOR, now=now)

    return Post(words=f"an operator gives {look.buyer} the level {level}", do=do)


def decides(look: Look) -> Post | None:
    """A seller, or an operator about an appeal, says yes or no to a refund."""
    waiting = Refund.objects.filter(status__in=OPEN_REFUNDS, kind=Refund.Kind.NEGOTIATED).select_related("seller")
    refund = look.one_of(list(waiting.order_by("pk")))
    if refund is None:
        return None
    appealed = refund.status == Refund.Status.APPEALED
    by = User.objects.get(email=OPERATOR) if appealed else refund.seller.members.get().user
    decision = Decision(by=by, by_operator=appealed, opinion="as agreed")
    agrees = look.chance.random() < 0.6

    def do(now: datetime) -> None:
        if agrees:
            agree(refund, decision, rules=REFUNDS, now=now)
        else:
            reject(refund, decision, now=now)

    words = f"{by} {'agrees to' if agrees else 'refuses'} request {refund.pk}"
    return Post(words=words, do=do, about=refund.subscription_id)


def tops_up(look: Look) -> Post | None:
    reference = f"BANK-{look.chance.randrange(10**12)}"

    def do(now: datetime) -> None:
        ledger.top_up(look.buyer, Money.of("500", CURRENCY), reference=reference, actor=OPERATOR, now=now)

    return Post(words=f"an operator tops {look.buyer} up", do=do)
