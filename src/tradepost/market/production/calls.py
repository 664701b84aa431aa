"""Create calls to sellers: one row per call, committed with the caller's rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import rows, stored, work
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.base.prepared import Among, Keys, PreparedObjects
from tradepost.market.base.stored import StoredMismatch, UnknownVersion
from tradepost.market.base.values import replace
from tradepost.market.base.work import State
from tradepost.market.catalog.models import Product
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols import registry
from tradepost.protocols.commands import Command, Create, Encryption, NotifyOrder, Query

from .lifecycle import CALL, CallEvent, status_of
from .models import Address, Binding, Call

UNREADABLE = (LookupError, UnknownVersion, StoredMismatch)
"""Errors of ``load``: another release wrote the command, or a protocol is not installed."""


def dump(command: Command) -> dict[str, Any]:
    """Serialize a command with its version for the database."""
    return stored.dump(command)


def load(kind: str, plain: Mapping[str, Any]) -> Command:
    """Load the command of a row written by any release. Raises one of ``UNREADABLE``."""
    return stored.load(registry.command(kind), plain)


class CallRequest(Struct, frozen=True, kw_only=True):
    """A call to the seller of ``product``. ``give_up_at``: end of the retry plan that an earlier call started."""

    command: Command
    product: Product
    subscription: Subscription | None = None
    order_number: str = ""
    order_line_number: str = ""
    until_access: bool = False
    due_at: datetime | None = None
    give_up_at: datetime | None = None
    purpose: str = Call.Purpose.ORDER
    owner: int | None = None
    """Key of the requesting object by ``purpose``; events contain both."""


def create_call(
    command: Command,
    *,
    product: Product,
    now: datetime,
    subscription: Subscription | None = None,
    order_number: str = "",
    order_line_number: str = "",
    until_access: bool = False,
    due_at: datetime | None = None,
    give_up_at: datetime | None = None,
) -> Call:
    """Create a call to the production address of ``product``. ``give_up_at``: end of the retry plan that an earlier
    call started.

    Raises ``Refused`` if the product has no address, or the protocol lacks the activity.
    """
    request = CallRequest(
        command=command,
        product=product,
        subscription=subscription,
        order_number=order_number,
        order_line_number=order_line_number,
        until_access=until_access,
        due_at=due_at,
        give_up_at=give_up_at,
    )
    [call] = create_calls([request], now=now)
    return call


def create_calls(requests: Sequence[CallRequest], *, now: datetime) -> list[Call]:
    """Create many calls in few statements. Raises ``Refused`` and creates none if one is impossible."""
    addresses = addresses_of(request.product for request in requests)
    return store_calls([prepare(request, addresses.get(request.product.pk), now=now) for request in requests])


def addresses_of(products: Iterable[Product]) -> dict[int, Address]:
    """Return the production address by product key; products without one are left out."""
    keys = {product.pk for product in products}
    return {binding.product_id: binding.address for binding in _BINDINGS_OF_PRODUCTS(keys)} if keys else {}


_BINDINGS_OF_PRODUCTS = PreparedObjects(
    (Keys(),), lambda products: Binding.objects.select_related("address").filter(Among("product", products))
)


def no_address_refusal() -> Refused:
    return Refused("product.no_address", _("This product has no production address."), HTTPStatus.CONFLICT)


def prepare(request: CallRequest, address: Address | None, *, now: datetime) -> Call:
    """Return an unsaved call. Raises ``Refused`` if it is impossible."""
    if address is None:
        raise no_address_refusal()
    command, subscription = request.command, request.subscription
    activity = registry.protocol(address.protocol).activities.get(type(command))
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no {type(command).__name__}")
    return Call(
        seller_id=request.product.seller_id,
        address=address,
        product=request.product,
        subscription=subscription,
        protocol=address.protocol,
        kind=type(command).__name__,
        activity=activity,
        command=dump(_encrypted_for(address, command)),
        purpose=request.purpose,
        owner=request.owner,
        order_number=request.order_number,
        order_line_number=request.order_line_number,
        instance_id=subscription.instance_id if subscription else "",
        until_access=request.until_access,
        due_at=request.due_at or now,
        created_at=now,
        give_up_at=request.give_up_at,
    )


def _encrypted_for(address: Address, command: Command) -> Command:
    """Set the encryption strength that the seller chose for private fields (saas-v1-license A1.4)."""
    return replace(command, encryption=Encryption(address.encryption)) if isinstance(command, Create) else command


def create_test_call(address: Address, command: Command, *, owner: int, now: datetime) -> Call:
    """Create a test call to an address: sent once and at once, past an open breaker, and judged (saas-v2 §5.1).

    ``owner``: key of the object that waits for it, contained in its event. Raises ``Refused`` for an unknown activity.
    """
    call = _test_call(address, command, owner=owner, now=now)
    call.purpose, call.due_at = Call.Purpose.DEBUG, now
    # In the past for every clock; a sandbox clock may be some milliseconds late.
    call.give_up_at = now - timedelta(minutes=1)
    [written_call] = store_calls([call])
    return written_call


def probe(
    address: Address, command: Command, *, owner: int, due_at: datetime, give_up_at: datetime, now: datetime
) -> Call:
    """Return an unsaved probe of an address (saas-v2 §6): a judged test call with the lowest priority, retried by the
    probe plan until ``give_up_at``.

    Raises ``Refused`` for an unknown activity.
    """
    call = _test_call(address, command, owner=owner, now=now)
    call.purpose, call.due_at, call.give_up_at = Call.Purpose.PROBE, due_at, give_up_at
    return call


def create_comparison(address: Address, instance_ids: Sequence[str], *, owner: int, now: datetime) -> Call:
    """Create a query for instances to compare with the seller. It has a lower priority than orders, is sent once, and
    failures do not count against the address.

    ``owner``: key of the waiting job.
    """
    command = Query(instance_ids=tuple(instance_ids))
    activity = registry.protocol(address.protocol).activities.get(Query)
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no Query")
    call = _new_call(address, command, activity, owner=owner, now=now)
    call.purpose, call.due_at = Call.Purpose.COMPARE, now
    call.give_up_at = now - timedelta(minutes=1)  # a single attempt, for every clock
    [written_call] = store_calls([call])
    return written_call


def create_access_call(
    commands: Sequence[Command], address: Address, subscription: Subscription, *, now: datetime
) -> None:
    """Create calls for the present access data and usage of a service that its buyer opens (saas-v2 §3.2).

    Each is sent once within ``plan.ACCESS_LIMITS`` or not at all. Raises ``Refused`` for a command that the protocol lacks.
    """
    activities = registry.protocol(address.protocol).activities
    prepared_calls = []
    for command in commands:
        if type(command) not in activities:
            raise Refused("protocol.no_activity", f"{address.protocol} has no {type(command).__name__}")
        call = _new_call(address, _encrypted_for(address, command), activities[type(command)], owner=None, now=now)
        call.purpose, call.due_at = Call.Purpose.ACCESS, now
        call.give_up_at = now - timedelta(minutes=1)  # a single attempt, for every clock
        call.product_id, call.subscription, call.instance_id = (
            subscription.product_id, subscription, subscription.instance_id,
        )  # fmt: skip
        prepared_calls.append(call)
    store_calls(prepared_calls)


def delete_earlier_access(latest: Call) -> None:
    """Delete answers to earlier access calls of this service: they contain access data and only the latest is shown."""
    earlier_calls = Call.objects.filter(
        subscription=latest.subscription_id, purpose=Call.Purpose.ACCESS, kind=latest.kind, pk__lt=latest.pk
    )
    earlier_calls.exclude(sealed_answer="").update(sealed_answer="")


class SyncRequest(Struct, frozen=True, kw_only=True):
    """A synchronisation call about an enterprise (openapi-jointkit §A). ``owner``: key of the waiting run.

    The call is sent once; a retry of the run creates a new call with the data of that time.
    """

    command: Command
    address: Address
    owner: int
    product: Product | None = None
    subscription: Subscription | None = None
    order_number: str = ""


def synchronise(request: SyncRequest, *, now: datetime) -> Call:
    """Create a synchronisation call. Raises ``Refused`` for an unknown activity."""
    command, address, subscription = request.command, request.address, request.subscription
    activity = registry.protocol(address.protocol).activities.get(type(command))
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no {type(command).__name__}")
    call = _new_call(address, command, activity, owner=request.owner, now=now)
    call.purpose, call.due_at = Call.Purpose.SYNC, now
    call.product, call.subscription, call.order_number = request.product, subscription, request.order_number
    call.instance_id = subscription.instance_id if subscription else ""
    [written_call] = store_calls([call])
    return written_call


def order_notice(address: Address, command: NotifyOrder, *, product: Product, owner: int, now: datetime) -> Call:
    """Return an unsaved notification of one order line (saas-v1-license D1). ``owner``: key of the line.

    Raises ``Refused`` if the address's protocol has no such activity.
    """
    activity = registry.protocol(address.protocol).activities.get(NotifyOrder)
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no NotifyOrder")
    call = _new_call(address, command, activity, owner=owner, now=now)
    call.purpose, call.due_at, call.product = Call.Purpose.NOTICE, now, product
    call.order_number, call.order_line_number = command.order_id, command.order_line_id
    return call


def end_retries(call_pk: int, *, now: datetime) -> bool:
    """End the retries of a synchronisation call that is replaced by another. Return whether it has ended; a call in
    flight ends by itself."""
    if cancel([call_pk], now=now):
        return True
    sync_calls = Call.objects.filter(pk=call_pk, purpose=Call.Purpose.SYNC)
    return bool(
        sync_calls.filter(state__in=[State.WAITING, State.HELD]).update(
            state=State.ENDED, outcome=Call.Outcome.GAVE_UP, hold=Call.Hold.NONE, ended_at=now
        )
    )


def replace_commands(commands: Mapping[int, Command]) -> None:
    """Replace the commands of ended synchronisation calls by ``commands``, by call key, to remove data about people."""
    for pk, command in commands.items():
        Call.objects.filter(pk=pk, purpose=Call.Purpose.SYNC, state=State.ENDED).update(command=dump(command))


def delete_answers(call_keys: Collection[int]) -> None:
    """Delete the answers of these comparisons: they are used once and contain access data."""
    comparisons = Call.objects.filter(pk__in=call_keys, purpose=Call.Purpose.COMPARE)
    comparisons.exclude(sealed_answer="").update(sealed_answer="")


def _test_call(address: Address, command: Command, *, owner: int, now: datetime) -> Call:
    activity = registry.protocol(address.protocol).activities.get(type(command))
    if activity is None or not command.test:
        raise Refused("protocol.no_activity", f"{address.protocol} has no test call {type(command).__name__}")
    return _new_call(address, command, activity, owner=owner, now=now)


def _new_call(address: Address, command: Command, activity: str, *, owner: int | None, now: datetime) -> Call:
    """Return an unsaved call to an address, without a service."""
    return Call(
        seller_id=address.seller_id,
        address=address,
        protocol=address.protocol,
        kind=type(command).__name__,
        activity=activity,
        command=dump(command),
        owner=owner,
        created_at=now,
    )


def store_calls(calls: list[Call]) -> list[Call]:
    """Save prepared calls in the caller's transaction and wake the workers."""
    written_calls = rows.create(calls)
    work.wake()
    return written_calls


def cancel(calls: Collection[int], *, now: datetime, actor: str = "market") -> set[int]:
    """Cancel those of these calls (by key) that were never sent or were given up, and return their keys.

    Calls that are leased, sent or ended do not change. Locked rows are skipped: they are being sent or recorded.
    """
    locked_calls = Call.objects.select_for_update(skip_locked=True).filter(pk__in=calls).order_by("pk")
    cancelled_calls = [call for call in locked_calls if _may_be_cancelled(call)]
    Call.objects.filter(pk__in=[call.pk for call in cancelled_calls]).update(
        state=State.ENDED, outcome=Call.Outcome.CANCELLED, hold=Call.Hold.NONE, ended_at=now
    )
    rows.create(
        Move(
            lifecycle=CALL.name,
            subject=str(call.pk),
            event=CallEvent.CANCEL,
            before=status_of(call),
            after=CALL.after(status_of(call), CallEvent.CANCEL),
            at=now,
            actor=actor,
        )
        for call in cancelled_calls
    )
    return {call.pk for call in cancelled_calls}


def end_probes(probes: Collection[int], *, now: datetime) -> int:
    """End waiting probes and retries at the end of a slot. Return the number of probes in flight."""
    cancel(probes, now=now)
    open_probes = Call.objects.filter(pk__in=probes, purpose=Call.Purpose.PROBE)
    open_probes.filter(state__in=[State.WAITING, State.HELD]).update(
        state=State.ENDED, outcome=Call.Outcome.GAVE_UP, hold=Call.Hold.NONE, ended_at=now
    )
    return open_probes.filter(state=State.LEASED).count()


def _may_be_cancelled(call: Call) -> bool:
    """Return whether the call can be cancelled. A call that will be retried may already have had an effect, so its
    operation continues."""
    was_tried = call.attempts > 0 and not call.outcome
    return not was_tried and CALL.allows(status_of(call), CallEvent.CANCEL)


def delete_all_answers() -> None:
    """Delete all sealed answers, for a copy of the market that is given away."""
    Call.objects.exclude(sealed_answer="").update(sealed_answer="")
