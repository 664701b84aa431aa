"""Lanes: a subscription with its open operations, as input of the rules in ``queue``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.production import calls
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.contract import CommandSet

from . import cloud
from .cases import kind_of, protocol_with_seller, view_of
from .contract import SubscriptionView
from .freezing import reasons_of
from .models import UNRESOLVED, Operation
from .queue import LaneState, QueuedOperation, SellerState
from .speak import can_freeze, can_thaw

LINE = ("line__order__buyer", "line__offer__sku__spec")
"""Relations to fetch for an operation of an order."""


@dataclass(slots=True)
class Lane:
    """A subscription with its open operations."""

    subscription: Subscription
    address: Address | None
    view: SubscriptionView | None
    """None while the product lacks the address it needs."""
    reasons: frozenset[str]
    operations: list[Operation]

    def standing(self) -> LaneState:
        status = self.subscription.status
        return LaneState(
            released=status in {Subscription.Status.RELEASED, Subscription.Status.FAILED},
            ending=status == Subscription.Status.RELEASING,
            reasons=self.reasons,
            seller_state=SellerState(self.subscription.seller_state),
            # Unknown without an address; the operation then stops until a person corrects that and restarts it.
            can_freeze=self.view is None or bool(can_freeze(self.reasons, self.view)),
            can_thaw=self.view is None or can_thaw(self.view),
        )

    def queue(self) -> list[QueuedOperation]:
        return [_as_queued(operation) for operation in self.operations]


def _as_queued(operation: Operation) -> QueuedOperation:
    kind, call = kind_of(operation), operation.call
    return QueuedOperation(
        id=operation.pk,
        kind=operation.kind,
        status=operation.status,
        by_timer=operation.origin == Operation.Origin.TIMER,
        sent=operation.task_id is not None or (call is not None and (call.attempts > 0 or bool(call.outcome))),
        prolongs=kind.prolongs,
        ends=kind.ends,
        outlives=operation.kind == "release_orphan",
    )


def load_lanes(subscriptions: Sequence[Subscription]) -> list[Lane]:
    """Load the lanes in four queries; only frozen ones have reasons."""
    waiting_operations: defaultdict[int | None, list[Operation]] = defaultdict(list)
    keys = [subscription.pk for subscription in subscriptions]
    if _ANY_UNRESOLVED(keys):
        for operation in _UNRESOLVED(keys):
            waiting_operations[operation.subscription_id].append(operation)
    reasons = reasons_of(subscriptions)
    relevant = [
        subscription
        for subscription in subscriptions
        if waiting_operations[subscription.pk] or subscription.pk in reasons or _differs_at_seller(subscription)
    ]
    addresses = calls.addresses_of(subscription.product for subscription in relevant) if relevant else {}
    lanes = []
    for subscription in relevant:
        address = addresses.get(subscription.product_id)
        command_set: CommandSet | None = protocol_with_seller(subscription, address) or cloud.internal_protocol(
            subscription
        )
        lanes.append(
            Lane(
                subscription,
                address,
                view_of(subscription, command_set, address) if command_set else None,
                reasons.get(subscription.pk, frozenset()),
                waiting_operations[subscription.pk],
            )
        )
    return lanes


def _unresolved(subscriptions: Slot) -> QuerySet[Operation]:
    operations = Operation.objects.filter(Among("subscription", subscriptions), status__in=UNRESOLVED)
    return operations.select_related("call", "task", *LINE).order_by("pk")


_UNRESOLVED = PreparedObjects((Keys(),), _unresolved)
_ANY_UNRESOLVED = Prepared(
    (Keys(),), lambda keys: _unresolved(keys).select_related(None).order_by().values_list("pk")[:1]
)


def _differs_at_seller(subscription: Subscription) -> bool:
    return subscription.seller_state != Subscription.SellerState.ACTIVE
