"""Ask a seller for the current access data and usage of a service while its buyer looks at it (saas-v2 §3.2, saas-v1-license A2).

The page never waits: it shows the stored data with their time. One question goes out at most once a minute per service, on
the workers like every other call, and may take two seconds. Its answer replaces the stored data if they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction
from msgspec import Struct

from tradepost.market.base.outbox import batched
from tradepost.market.base.secrets import unseal
from tradepost.market.product_types.contract import Gives
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Address, Call
from tradepost.market.production.plan import ACCESS
from tradepost.market.subscriptions import lifecycle
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVING
from tradepost.protocols.commands import AppInfo, Command, Create, Done, Query
from tradepost.protocols.registry import protocols

from . import advance
from .cases import held_of
from .kinds.open import access_of
from .speak import implemented


class LiveAccess(Struct, frozen=True, kw_only=True):
    """How current the stored access data are.

    ``confirmed_at``: when the seller last gave them. ``asking``: the seller is being asked now. ``failed``: the latest
    question brought no answer. ``unsent``: since the market could not send it. ``due``: the page may ask the seller.
    """

    confirmed_at: datetime | None
    asking: bool = False
    failed: bool = False
    unsent: bool = False
    due: bool = False


def live_access(subscription: Subscription, *, now: datetime) -> LiveAccess | None:
    """Return how current the access data of this service are, or None if its seller is never asked for them."""
    if subscription.status != Subscription.Status.ACTIVE or not subscription.instance_id:
        return None
    address = calls.addresses_of([subscription.product]).get(subscription.product_id)
    if address is None or not _is_told_access(subscription, address):
        return None
    asked, reachable = _latest_question(subscription), address.breaker == Address.Breaker.CLOSED
    since = now - asked[0].created_at if asked else ACCESS.every
    asking = since < ACCESS.within and any(_is_open(call, subscription) for call in asked)
    unanswered = [call for call in asked if since < ACCESS.every and call.outcome != Call.Outcome.DONE]
    return LiveAccess(
        confirmed_at=_confirmed_at(subscription, address),
        asking=asking,
        failed=not asking and (bool(unanswered) or not reachable),
        unsent=reachable and not any(call.attempts for call in unanswered),
        due=since >= ACCESS.every and reachable,
    )


def ask_seller(subscription: Subscription, *, now: datetime) -> bool:
    """Ask the seller for the current access data of this service. Return whether a question was written.

    The row of the service is locked, so that openings at the same moment ask once. Nobody waits for that lock: whoever
    holds it is asking already, or is changing the service.
    """
    with transaction.atomic():
        rows = Subscription.objects.select_for_update(skip_locked=True, of=("self",))
        locked = rows.select_related("product", "offer", "buyer").filter(pk=subscription.pk).first()
        standing = live_access(locked, now=now) if locked is not None else None
        if locked is None or standing is None or not standing.due:
            return False
        address = calls.addresses_of([locked.product])[locked.product_id]
        commands = _commands(locked, address)
        if commands:
            calls.ask_for_access(commands, address, locked, now=now)
        return bool(commands)


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """Reaction: store what sellers answered, where it differs from what is stored."""
    done = [one.call for one in events if one.purpose == Call.Purpose.ACCESS and one.outcome == Call.Outcome.DONE]
    answers = list(Call.objects.filter(pk__in=done).order_by("pk"))
    told = {call.subscription_id: access for call in answers if (access := _access_in(call)) is not None}
    services = Subscription.objects.select_for_update(of=("self",)).filter(pk__in=list(told), status__in=LIVING)
    for subscription in services.order_by("pk"):
        if told[subscription.pk] != lifecycle.access_data(subscription):
            lifecycle.take_access(subscription, told[subscription.pk], now=now)
    for call in answers:
        calls.forget_access(call)


ON_CALL_ENDED = (advance.on_call_ended, on_call_ended)
"""Reactions of this context to an ended call."""


def _is_told_access(subscription: Subscription, address: Address) -> bool:
    protocol = protocols().get(address.protocol)
    gives = product_type(subscription.product.product_type).gives
    return protocol is not None and protocol.life.access_by is not None and gives is Gives.ACCESS


def _latest_question(subscription: Subscription) -> list[Call]:
    """The calls of the latest question: SaaS 1.0 asks for access data and for usage with one call each."""
    asked = Call.objects.filter(subscription=subscription.pk, purpose=Call.Purpose.ACCESS)
    latest = list(asked.defer("command").order_by("-pk")[:2])
    return [call for call in latest if call.created_at == latest[0].created_at]


def _confirmed_at(subscription: Subscription, address: Address) -> datetime | None:
    by = protocols()[address.protocol].life.access_by
    answers = Call.objects.filter(subscription=subscription.pk, outcome=Call.Outcome.DONE)
    latest = answers.filter(kind=by.__name__ if by else "").order_by("-pk").values_list("ended_at", flat=True).first()
    return latest or subscription.started_at


def _is_open(call: Call, subscription: Subscription) -> bool:
    """Whether this call is under way, or its answer is not stored yet."""
    if not call.outcome:
        return True
    access = _access_in(call)
    return access is not None and access != lifecycle.access_data(subscription)


def _access_in(call: Call) -> AppInfo | None:
    """The access data of this answer. A SaaS 1.0 seller is queried for usage only, and user name and password are optional in
    that answer (saas-v1-license A2.8)."""
    spoken = protocols().get(call.protocol)
    by = spoken.life.access_by if spoken is not None else None
    if by is None or call.kind != by.__name__ or call.outcome != Call.Outcome.DONE or not call.sealed_answer:
        return None
    return access_of(msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done))


def _commands(subscription: Subscription, address: Address) -> list[Command]:
    """What the seller is asked: SaaS 2.0 answers all to one query; SaaS 1.0 gives access data when the purchase is repeated,
    and usage to a query (saas-v1-license A2, A2.8)."""
    protocol = protocols()[address.protocol]
    query = Query(instance_ids=(subscription.instance_id,))
    if protocol.life.access_by is Query:
        return [query]
    first = Call.objects.filter(
        subscription=subscription.pk, kind=Create.__name__, purpose=Call.Purpose.ORDER, outcome=Call.Outcome.DONE
    )
    created = first.order_by("pk").first()
    commands: list[Command] = []
    if created is not None and created.protocol == address.protocol:
        try:
            commands.append(calls.load(created.kind, created.command))
        except calls.UNREADABLE:
            return []
    if subscription.offer.charging.metered and implemented(Query, held_of(subscription, protocol, address)):
        commands.append(query)
    return commands
