"""A lane as it stands: a subscription with all that is wanted of it, for the rule that decides what is next (``queue``)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from tradepost.market.base.prepared import Among, Keys, Prepared, PreparedObjects, Slot
from tradepost.market.production import calls
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.contract import Spoken

from . import cloud
from .cases import held_of, kind_of, spoken_by
from .contract import Held
from .freezing import reasons_of
from .models import UNRESOLVED, Operation
from .queue import Queued, SellerState, Standing
from .speak import can_freeze, can_thaw

LINE = ("line__order__buyer", "line__offer__sku__spec")
"""What an operation of an order needs to be fetched with it."""


@dataclass(slots=True)
class Lane:
    """A subscription with all that is wanted of it."""

    subscription: Subscription
    address: Address | None
    held: Held | None
    """None while the product has no production address and needs one."""
    reasons: frozenset[str]
    operations: list[Operation]

    def standing(self) -> Standing:
        status = self.subscription.status
        return Standing(
            released=status in {Subscription.Status.RELEASED, Subscription.Status.FAILED},
            ending=status == Subscription.Status.RELEASING,
            reasons=self.reasons,
            seller_state=SellerState(self.subscription.seller_state),
            # Without an address nobody knows. What is wanted stops then, and a person who mends that restarts it.
            can_freeze=self.held is None or bool(can_freeze(self.reasons, self.held)),
            can_thaw=self.held is None or can_thaw(self.held),
        )

    def queue(self) -> list[Queued]:
        return [_as_queued(one) for one in self.operations]


def _as_queued(operation: Operation) -> Queued:
    kind, call = kind_of(operation), operation.call
    return Queued(
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
    """Four queries, whatever the number of lanes; frozen ones alone have reasons."""
    waiting: defaultdict[int | None, list[Operation]] = defaultdict(list)
    keys = [one.pk for one in subscriptions]
    if _ANY_UNRESOLVED(keys):
        for operation in _UNRESOLVED(keys):
            waiting[operation.subscription_id].append(operation)
    reasons = reasons_of(subscriptions)
    interesting = [one for one in subscriptions if waiting[one.pk] or one.pk in reasons or _is_apart(one)]
    addresses = calls.addresses_of(one.product for one in interesting) if interesting else {}
    lanes = []
    for one in interesting:
        address = addresses.get(one.product_id)
        spoken: Spoken | None = spoken_by(one, address) or cloud.spoken_without_interface(one)
        lanes.append(
            Lane(
                one,
                address,
                held_of(one, spoken, address) if spoken else None,
                reasons.get(one.pk, frozenset()),
                waiting[one.pk],
            )
        )
    return lanes


def _unresolved(subscriptions: Slot) -> QuerySet[Operation]:
    found = Operation.objects.filter(Among("subscription", subscriptions), status__in=UNRESOLVED)
    return found.select_related("call", "task", *LINE).order_by("pk")


_UNRESOLVED = PreparedObjects((Keys(),), _unresolved)
_ANY_UNRESOLVED = Prepared(
    (Keys(),), lambda keys: _unresolved(keys).select_related(None).order_by().values_list("pk")[:1]
)


def _is_apart(subscription: Subscription) -> bool:
    return subscription.seller_state != Subscription.SellerState.ACTIVE
