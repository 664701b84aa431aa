"""What market and sellers must agree on: the stores of the sellers' own servers against what the market holds (operations §6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from tradepost.kit.answers import InstanceState
from tradepost.market.base.rows import aware, value
from tradepost.market.base.rows import run as query
from tradepost.market.fulfilment.cases import held_of, protocol_of, with_product
from tradepost.market.fulfilment.freezing import reasons_of
from tradepost.market.fulfilment.models import UNRESOLVED, Operation
from tradepost.market.fulfilment.speak import can_freeze, can_thaw, refreshes
from tradepost.market.production import calls
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Scene
from tradepost.protocols.registry import protocol

from .rules import Broken
from .sellers import SimulatedSeller

LIVING = (Subscription.Status.ACTIVE, Subscription.Status.FROZEN)
A_SECOND = timedelta(seconds=1)
"""The wire carries whole seconds."""

AGREEMENTS = (
    "the seller is told of a freeze and of its end", "the seller knows what it delivered", "what was released is gone",
    "what is in use is there", "the seller's state is what the market believes", "the seller's expiry is the market's",
    "each instance is created once", "nothing is left behind at a seller", "the ledger adds up", "everything comes to its end",
)  # fmt: skip
"""The names of the rules that are no queries."""

_LAST_REFRESH = """SELECT c.subscription_id, c.outcome, c.command ->> 'expires_at' FROM production_call c WHERE c.id IN (
  SELECT MAX(id) FROM production_call WHERE kind = 'Refresh' AND purpose = 'order' AND attempts > 0 GROUP BY subscription_id)"""


@dataclass(frozen=True, slots=True)
class Doing:
    """What is unresolved of a service: kinds with their status."""

    kinds: frozenset[tuple[str, str]]

    @property
    def anything(self) -> bool:
        return bool(self.kinds)


def disagreements(sellers: Mapping[int, SimulatedSeller]) -> Iterator[Broken]:
    """What is not as it must be now. What is under way, or stopped half way, may be either."""
    services = list(with_product(Subscription.objects.order_by("pk")))
    doing = _doing()
    yield from _frozen_as_wanted(services, doing)
    yield from _same_at_the_seller(services, sellers, doing)
    yield from _made_once(sellers)
    yield from _known(services, sellers)


def _doing() -> dict[int, Doing]:
    found: defaultdict[int, set[tuple[str, str]]] = defaultdict(set)
    unresolved = Operation.objects.filter(status__in=UNRESOLVED).exclude(subscription=None)
    for subscription, kind, status in unresolved.values_list("subscription_id", "kind", "status"):
        found[subscription or 0].add((kind, status))
    return {pk: Doing(frozenset(kinds)) for pk, kinds in found.items()}


def _frozen_as_wanted(services: list[Subscription], doing: Mapping[int, Doing]) -> Iterator[Broken]:
    """Reasons that are not the seller's state: something is open, stopped, or the protocol has no word for it."""
    living = [one for one in services if one.status in LIVING]
    reasons = reasons_of(living)
    addresses = calls.addresses_of(one.product for one in living)
    for one in living:
        wanted, state = reasons.get(one.pk, frozenset()), one.seller_state
        if (state == "frozen") == bool(wanted) and state != "unknown":
            continue
        if one.pk in doing:
            continue
        address = addresses[one.product_id]
        held = held_of(one, protocol(address.protocol), address)
        if can_freeze(wanted, held) if wanted else can_thaw(held):
            yield Broken(
                "the seller is told of a freeze and of its end",
                one.pk,
                f"reasons {sorted(wanted)}, the seller's state {state}, and nothing is done about it",
            )


def _same_at_the_seller(
    services: list[Subscription], sellers: Mapping[int, SimulatedSeller], doing: Mapping[int, Doing]
) -> Iterator[Broken]:
    refreshed = {pk: (outcome, until) for pk, outcome, until in query(_LAST_REFRESH, [])}
    for one in services:
        if not one.instance_id or one.status == Subscription.Status.FAILED:
            continue
        theirs = sellers[one.seller_id].find(one.instance_id)
        if theirs is None:
            yield Broken("the seller knows what it delivered", one.pk, "there is no such instance at the seller")
            continue
        gone = theirs.state is InstanceState.RELEASED
        if one.status == Subscription.Status.RELEASED and not gone:
            yield Broken("what was released is gone", one.pk, f"at the seller it is {theirs.state}")
        if one.status in LIVING and gone:
            yield Broken("what is in use is there", one.pk, "at the seller it was released")
        if one.status not in LIVING or one.pk in doing:
            continue
        if one.seller_state in {"active", "frozen"} and theirs.state.value != one.seller_state:
            yield Broken(
                "the seller's state is what the market believes",
                one.pk,
                f"the market believes {one.seller_state}, at the seller it is {theirs.state}",
            )
        outcome, until = refreshed.get(one.pk, ("", None))
        if outcome == "done" and until is not None and one.expires_at is not None:
            asked = aware(value(until) if until.startswith('"') else until)
            if theirs.expires_at is not None and theirs.expires_at > one.expires_at and not _can_be_told_less(one):
                continue  # a renewal that was taken back, which this protocol has no word for
            if theirs.expires_at is None or abs(theirs.expires_at - one.expires_at) >= A_SECOND:
                yield Broken(
                    "the seller's expiry is the market's",
                    one.pk,
                    f"the market says {one.expires_at}, the seller {theirs.expires_at}, last told {asked}",
                )


def _can_be_told_less(one: Subscription) -> bool:
    spoken = protocol_of(one)
    return spoken is not None and refreshes(spoken, Scene.UNSUBSCRIBE_RENEWAL_PERIOD)


def _made_once(sellers: Mapping[int, SimulatedSeller]) -> Iterator[Broken]:
    for seller in sellers.values():
        for (order, line), times in seller.made.items():
            if times > 1:
                yield Broken("each instance is created once", None, f"order {order}, line {line}: {times} times")


def _known(services: list[Subscription], sellers: Mapping[int, SimulatedSeller]) -> Iterator[Broken]:
    """What a seller keeps is a service, is being opened, or will be released: somebody pays for it or it goes."""
    known = {(one.seller_id, one.instance_id) for one in services if one.instance_id}
    opening = {one.seller_id for one in services if one.status == Subscription.Status.OPENING}
    orphans = Operation.objects.filter(kind="release_orphan").exclude(status__in=["done", "dropped"])
    to_release = set(orphans.values_list("seller_id", "wanted__instance_id"))
    for key, seller in sellers.items():
        own = {instance for owner, instance in known if owner == key}
        for instance in seller.unknown_to(own):
            if key not in opening and (key, instance.instance_id) not in to_release:
                yield Broken(
                    "nothing is left behind at a seller",
                    None,
                    f"{seller.company.name} keeps an instance of order {instance.order_id}",
                )
