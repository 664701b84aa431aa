"""Ask a seller for the present access data and usage while the buyer views a service (saas-v2 §3.2, saas-v1-license
A2).

The page does not wait: it shows the stored data with their time. At most one request per minute and service is sent by
the workers, with a limit of two seconds. A different answer replaces the stored data.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction
from msgspec import Struct

from tradepost.market.base.outbox import batched
from tradepost.market.base.secrets import unseal
from tradepost.market.product_types.contract import DeliveryResult
from tradepost.market.product_types.registry import product_type
from tradepost.market.production import calls
from tradepost.market.production.events import CallEnded
from tradepost.market.production.models import Address, Call
from tradepost.market.production.plan import ACCESS_LIMITS
from tradepost.market.subscriptions import lifecycle
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import LIVE_STATUSES
from tradepost.protocols.commands import AppInfo, Command, Create, Done, Query
from tradepost.protocols.registry import protocols

from .cases import view_of
from .kinds.open import access_of
from .speak import implemented


class LiveAccess(Struct, frozen=True, kw_only=True):
    """Age of the stored access data.

    ``confirmed_at``: last answer of the seller. ``asking``: a request is in progress. ``failed``: the latest request
    had no answer. ``unsent``: because the market could not send it. ``due``: the page may send a request.
    """

    confirmed_at: datetime | None
    asking: bool = False
    failed: bool = False
    unsent: bool = False
    due: bool = False


def live_access(subscription: Subscription, *, now: datetime) -> LiveAccess | None:
    """Return the age of the access data; None if the seller is never asked for them."""
    if subscription.status != Subscription.Status.ACTIVE or not subscription.instance_id:
        return None
    address = calls.addresses_of([subscription.product]).get(subscription.product_id)
    if address is None or not _supports_access(subscription, address):
        return None
    latest_calls, reachable = _latest_request(subscription), address.breaker == Address.Breaker.CLOSED
    since = now - latest_calls[0].created_at if latest_calls else ACCESS_LIMITS.every
    is_asking = since < ACCESS_LIMITS.within and any(_is_open(call, subscription) for call in latest_calls)
    unanswered_calls = [
        call for call in latest_calls if since < ACCESS_LIMITS.every and call.outcome != Call.Outcome.DONE
    ]
    return LiveAccess(
        confirmed_at=_confirmed_at(subscription, address),
        asking=is_asking,
        failed=not is_asking and (bool(unanswered_calls) or not reachable),
        unsent=reachable and not any(call.attempts for call in unanswered_calls),
        due=since >= ACCESS_LIMITS.every and reachable,
    )


def request_access(subscription: Subscription, *, now: datetime) -> bool:
    """Request the present access data and return whether a request was created.

    The row is locked, so that concurrent views send one request. A row that is already locked is skipped: a request or
    another change is in progress.
    """
    with transaction.atomic():
        rows = Subscription.objects.select_for_update(skip_locked=True, of=("self",))
        locked_subscription = rows.select_related("product", "offer", "buyer").filter(pk=subscription.pk).first()
        state = live_access(locked_subscription, now=now) if locked_subscription is not None else None
        if locked_subscription is None or state is None or not state.due:
            return False
        address = calls.addresses_of([locked_subscription.product])[locked_subscription.product_id]
        commands = _commands(locked_subscription, address)
        if commands:
            calls.create_access_call(commands, address, locked_subscription, now=now)
        return bool(commands)


@batched
def on_call_ended(events: Sequence[CallEnded], now: datetime) -> None:
    """Reaction: store sellers' answers that differ from the stored data."""
    ended_keys = [
        call_ended.call
        for call_ended in events
        if call_ended.purpose == Call.Purpose.ACCESS and call_ended.outcome == Call.Outcome.DONE
    ]
    answers = list(Call.objects.filter(pk__in=ended_keys).order_by("pk"))
    access_by_subscription = {
        call.subscription_id: access for call in answers if (access := _access_in(call)) is not None
    }
    services = Subscription.objects.select_for_update(of=("self",)).filter(
        pk__in=list(access_by_subscription), status__in=LIVE_STATUSES
    )
    for subscription in services.order_by("pk"):
        if access_by_subscription[subscription.pk] != lifecycle.access_data(subscription):
            lifecycle.store_access(subscription, access_by_subscription[subscription.pk], now=now)
    for call in answers:
        calls.delete_earlier_access(call)


"""Reactions of this context to an ended call."""


def _supports_access(subscription: Subscription, address: Address) -> bool:
    protocol = protocols().get(address.protocol)
    provides = product_type(subscription.product.product_type).gives
    return protocol is not None and protocol.life.access_by is not None and provides is DeliveryResult.ACCESS


def _latest_request(subscription: Subscription) -> list[Call]:
    """Return the calls of the latest request: SaaS 1.0 needs one call each for access data and usage."""
    access_calls = Call.objects.filter(subscription=subscription.pk, purpose=Call.Purpose.ACCESS)
    latest_calls = list(access_calls.defer("command").order_by("-pk")[:2])
    return [call for call in latest_calls if call.created_at == latest_calls[0].created_at]


def _confirmed_at(subscription: Subscription, address: Address) -> datetime | None:
    command_type = protocols()[address.protocol].life.access_by
    answers = Call.objects.filter(subscription=subscription.pk, outcome=Call.Outcome.DONE)
    latest_attempt = (
        answers.filter(kind=command_type.__name__ if command_type else "")
        .order_by("-pk")
        .values_list("ended_at", flat=True)
        .first()
    )
    return latest_attempt or subscription.started_at


def _is_open(call: Call, subscription: Subscription) -> bool:
    """Return whether this call is in progress, or its answer is not stored yet."""
    if not call.outcome:
        return True
    access = _access_in(call)
    return access is not None and access != lifecycle.access_data(subscription)


def _access_in(call: Call) -> AppInfo | None:
    """Return the access data of this answer; None for a query to a SaaS 1.0 seller, which is only about usage and may
    omit user name and password (saas-v1-license A2.8)."""
    protocol = protocols().get(call.protocol)
    command_type = protocol.life.access_by if protocol is not None else None
    if (
        command_type is None
        or call.kind != command_type.__name__
        or call.outcome != Call.Outcome.DONE
        or not call.sealed_answer
    ):
        return None
    return access_of(msgspec.json.decode(unseal(call.sealed_answer).encode(), type=Done))


def _commands(subscription: Subscription, address: Address) -> list[Command]:
    """Return the commands: SaaS 2.0 answers everything to one query; SaaS 1.0 returns access data when the purchase is
    repeated, and usage to a query (saas-v1-license A2, A2.8)."""
    protocol = protocols()[address.protocol]
    query = Query(instance_ids=(subscription.instance_id,))
    if protocol.life.access_by is Query:
        return [query]
    first_calls = Call.objects.filter(
        subscription=subscription.pk, kind=Create.__name__, purpose=Call.Purpose.ORDER, outcome=Call.Outcome.DONE
    )
    created_call = first_calls.order_by("pk").first()
    commands: list[Command] = []
    if created_call is not None and created_call.protocol == address.protocol:
        try:
            commands.append(calls.load(created_call.kind, created_call.command))
        except calls.UNREADABLE:
            return []
    if subscription.offer.charging.metered and implemented(Query, view_of(subscription, protocol, address)):
        commands.append(query)
    return commands
