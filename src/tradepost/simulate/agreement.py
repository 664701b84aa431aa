"""Compares the stores of the sellers' servers with the market's data (operations §6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tradepost.kit.answers import InstanceState
from tradepost.market.base.rows import aware, value
from tradepost.market.base.rows import run as query
from tradepost.market.fulfilment.cases import protocol_of, view_of, with_product
from tradepost.market.fulfilment.freezing import reasons_of
from tradepost.market.fulfilment.models import UNRESOLVED, Operation
from tradepost.market.fulfilment.speak import can_freeze, can_thaw, refreshes
from tradepost.market.production import calls
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Scene
from tradepost.protocols.registry import protocol

from .rules import Violation
from .sellers import SimulatedSeller

LIVE_STATUSES = (Subscription.Status.ACTIVE, Subscription.Status.FROZEN)
TOLERANCE = timedelta(seconds=1)
"""The wire carries whole seconds."""

AGREEMENTS = (
    "the seller is told of a freeze and of its end", "the seller knows what it delivered", "what was released is gone",
    "what is in use is there", "the seller's state is what the market believes", "the seller's expiry is the market's",
    "each instance is created once", "nothing is left behind at a seller", "the ledger adds up", "everything comes to its end",
)  # fmt: skip
"""Names of the rules that are not queries."""

_LAST_REFRESH = """SELECT c.subscription_id, c.outcome, c.command ->> 'expires_at' FROM production_call c WHERE c.id IN (
  SELECT MAX(id) FROM production_call WHERE kind = 'Refresh' AND purpose = 'order' AND attempts > 0 GROUP BY subscription_id)"""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Unresolved operations of a service: kinds with their status."""

    kinds: frozenset[tuple[str, str]]

    @property
    def anything(self) -> bool:
        return bool(self.kinds)


def disagreements(sellers: Mapping[int, SimulatedSeller]) -> Iterator[Violation]:
    """Yield current disagreements. Operations in progress or stopped permit either state."""
    services = list(with_product(Subscription.objects.order_by("pk")))
    unresolved = _unresolved()
    yield from _freeze_differences(services, unresolved)
    yield from _seller_differences(services, sellers, unresolved)
    yield from _created_once(sellers)
    yield from _no_orphans(services, sellers)


def _unresolved() -> dict[int, Unresolved]:
    by_service: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    unresolved_operations = Operation.objects.filter(status__in=UNRESOLVED).exclude(subscription=None)
    for subscription, kind, status in unresolved_operations.values_list("subscription_id", "kind", "status"):
        by_service[subscription or 0].add((kind, status))
    return {pk: Unresolved(frozenset(kinds)) for pk, kinds in by_service.items()}


def _freeze_differences(services: list[Subscription], unresolved: Mapping[int, Unresolved]) -> Iterator[Violation]:
    """Return freeze reasons that differ from the seller's state because an operation is open or stopped, or the
    protocol has no call for them."""
    living_services = [service for service in services if service.status in LIVE_STATUSES]
    reasons = reasons_of(living_services)
    addresses = calls.addresses_of(service.product for service in living_services)
    for service in living_services:
        decided_reasons, state = reasons.get(service.pk, frozenset()), service.seller_state
        if (state == "frozen") == bool(decided_reasons) and state != "unknown":
            continue
        if service.pk in unresolved:
            continue
        address = addresses[service.product_id]
        frozen_for = view_of(service, protocol(address.protocol), address)
        if can_freeze(decided_reasons, frozen_for) if decided_reasons else can_thaw(frozen_for):
            yield Violation(
                "the seller is told of a freeze and of its end",
                service.pk,
                f"reasons {sorted(decided_reasons)}, the seller's state {state}, and nothing is done about it",
            )


def _seller_differences(
    services: list[Subscription], sellers: Mapping[int, SimulatedSeller], unresolved: Mapping[int, Unresolved]
) -> Iterator[Violation]:
    refreshes_by_service = {pk: (outcome, until) for pk, outcome, until in query(_LAST_REFRESH, [])}
    for service in services:
        if not service.instance_id or service.status == Subscription.Status.FAILED:
            continue
        seller_instance = sellers[service.seller_id].find(service.instance_id)
        if seller_instance is None:
            yield Violation("the seller knows what it delivered", service.pk, "there is no such instance at the seller")
            continue
        is_released = seller_instance.state is InstanceState.RELEASED
        if service.status == Subscription.Status.RELEASED and not is_released:
            yield Violation("what was released is gone", service.pk, f"at the seller it is {seller_instance.state}")
        if service.status in LIVE_STATUSES and is_released:
            yield Violation("what is in use is there", service.pk, "at the seller it was released")
        if service.status not in LIVE_STATUSES or service.pk in unresolved:
            continue
        if service.seller_state in {"active", "frozen"} and seller_instance.state.value != service.seller_state:
            yield Violation(
                "the seller's state is what the market believes",
                service.pk,
                f"the market believes {service.seller_state}, at the seller it is {seller_instance.state}",
            )
        outcome, until = refreshes_by_service.get(service.pk, ("", None))
        if outcome == "done" and until is not None and service.expires_at is not None:
            requested_end = aware(value(until) if until.startswith('"') else until)
            if (
                seller_instance.expires_at is not None
                and seller_instance.expires_at > service.expires_at
                and not _can_shorten(service)
            ):
                continue  # a cancelled renewal, for which this protocol has no call
            if seller_instance.expires_at is None or abs(seller_instance.expires_at - service.expires_at) >= TOLERANCE:
                yield Violation(
                    "the seller's expiry is the market's",
                    service.pk,
                    f"the market says {service.expires_at}, the seller {seller_instance.expires_at}, last told {requested_end}",
                )


def _can_shorten(service: Subscription) -> bool:
    seller_protocol = protocol_of(service)
    return seller_protocol is not None and refreshes(seller_protocol, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)


def _created_once(sellers: Mapping[int, SimulatedSeller]) -> Iterator[Violation]:
    for seller in sellers.values():
        for (order, line), times in seller.made.items():
            if times > 1:
                yield Violation("each instance is created once", None, f"order {order}, line {line}: {times} times")


def _no_orphans(services: list[Subscription], sellers: Mapping[int, SimulatedSeller]) -> Iterator[Violation]:
    """Check that each instance at a seller is a service, being opened, or will be released."""
    known_names = {(service.seller_id, service.instance_id) for service in services if service.instance_id}
    opening = {service.seller_id for service in services if service.status == Subscription.Status.OPENING}
    orphans = Operation.objects.filter(kind="release_orphan").exclude(status__in=["done", "dropped"])
    to_release = set(orphans.values_list("seller_id", "wanted__instance_id"))
    for key, seller in sellers.items():
        market_instances = {instance for owner, instance in known_names if owner == key}
        for instance in seller.unknown_to(market_instances):
            if key not in opening and (key, instance.instance_id) not in to_release:
                yield Violation(
                    "nothing is left behind at a seller",
                    None,
                    f"{seller.company.name} keeps an instance of order {instance.order_id}",
                )
