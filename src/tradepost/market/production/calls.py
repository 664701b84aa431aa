"""Ask a seller for something: one row that the engine will work on, committed with the caller's own rows."""

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
"""Why ``load`` gives no command: another release wrote it, or a protocol is missing here."""


def dump(command: Command) -> dict[str, Any]:
    """A command as JSON values for the database, with its version."""
    return stored.dump(command)


def load(kind: str, plain: Mapping[str, Any]) -> Command:
    """The command of a row again, whichever release wrote it. Raises one of ``UNREADABLE``."""
    return stored.load(registry.command(kind), plain)


class CallRequest(Struct, frozen=True, kw_only=True):
    """One thing to ask of the seller of ``product``. ``give_up_at`` bounds the plan when an earlier call started it."""

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
    """Key of what asks, by ``purpose``: its events carry both."""


def ask(
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
    """Write a call to the production address of ``product``. Raises ``Refused`` when it has none, or when the
    address's protocol has no such activity. ``give_up_at`` bounds the plan when an earlier call started it."""
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
    [call] = ask_all([request], now=now)
    return call


def ask_all(requests: Sequence[CallRequest], *, now: datetime) -> list[Call]:
    """Write many calls in few statements. Raises ``Refused``, and writes none, when one of them cannot be asked."""
    addresses = addresses_of(request.product for request in requests)
    return write([prepare(request, addresses.get(request.product.pk), now=now) for request in requests])


def addresses_of(products: Iterable[Product]) -> dict[int, Address]:
    """The production address of each product that has one."""
    keys = {product.pk for product in products}
    return {binding.product_id: binding.address for binding in _BINDINGS(keys)} if keys else {}


_BINDINGS = PreparedObjects(
    (Keys(),), lambda products: Binding.objects.select_related("address").filter(Among("product", products))
)


def no_address() -> Refused:
    return Refused("product.no_address", _("This product has no production address."), HTTPStatus.CONFLICT)


def prepare(request: CallRequest, address: Address | None, *, now: datetime) -> Call:
    """The call, not written yet. Raises ``Refused`` when it cannot be asked."""
    if address is None:
        raise no_address()
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
    """With the strength that the seller chose for private fields (saas-v1-license A1.4)."""
    return replace(command, encryption=Encryption(address.encryption)) if isinstance(command, Create) else command


def ask_to_try_out(address: Address, command: Command, *, owner: int, now: datetime) -> Call:
    """Write a test call to an address, which is tried once, now, past a breaker that is open, and judged (saas-v2 §5.1).
    ``owner``: key of what waits for it; its event carries it. Raises ``Refused`` for an activity that there is not."""
    call = _test_call(address, command, owner=owner, now=now)
    call.purpose, call.due_at = Call.Purpose.DEBUG, now
    # In the past by every clock: a sandbox's may be read some milliseconds late.
    call.give_up_at = now - timedelta(minutes=1)
    [written] = write([call])
    return written


def probe(
    address: Address, command: Command, *, owner: int, due_at: datetime, give_up_at: datetime, now: datetime
) -> Call:
    """A probe of an address (saas-v2 §6), not written yet: a test call that comes after everything else, is judged, and tried
    again by the plan for probes until ``give_up_at``. Raises ``Refused`` for an activity that there is not."""
    call = _test_call(address, command, owner=owner, now=now)
    call.purpose, call.due_at, call.give_up_at = Call.Purpose.PROBE, due_at, give_up_at
    return call


def compare(address: Address, instance_ids: Sequence[str], *, owner: int, now: datetime) -> Call:
    """Write a question for instances, as many as a query takes: what the seller knows of them. It comes after orders, is tried
    once, and what goes wrong with it is not held against the address. ``owner``: key of the job that waits for it."""
    command = Query(instance_ids=tuple(instance_ids))
    activity = registry.protocol(address.protocol).activities.get(Query)
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no Query")
    call = _call_to(address, command, activity, owner=owner, now=now)
    call.purpose, call.due_at = Call.Purpose.COMPARE, now
    call.give_up_at = now - timedelta(minutes=1)  # one try, by every clock
    [written] = write([call])
    return written


def ask_for_access(commands: Sequence[Command], address: Address, subscription: Subscription, *, now: datetime) -> None:
    """Write calls that ask for the current access data and usage of a service that its buyer opens (saas-v2 §3.2).

    Each is sent once and within ``plan.ACCESS``, or not at all. Raises ``Refused`` for a command that the protocol lacks.
    """
    activities = registry.protocol(address.protocol).activities
    requested = []
    for command in commands:
        if type(command) not in activities:
            raise Refused("protocol.no_activity", f"{address.protocol} has no {type(command).__name__}")
        call = _call_to(address, _encrypted_for(address, command), activities[type(command)], owner=None, now=now)
        call.purpose, call.due_at = Call.Purpose.ACCESS, now
        call.give_up_at = now - timedelta(minutes=1)  # one try, by every clock
        call.product_id, call.subscription, call.instance_id = (
            subscription.product_id, subscription, subscription.instance_id,
        )  # fmt: skip
        requested.append(call)
    write(requested)


def forget_access(latest: Call) -> None:
    """Delete the answers to earlier access calls of this service: they hold access data, and only the latest is shown."""
    earlier = Call.objects.filter(
        subscription=latest.subscription_id, purpose=Call.Purpose.ACCESS, kind=latest.kind, pk__lt=latest.pk
    )
    earlier.exclude(sealed_answer="").update(sealed_answer="")


class SyncRequest(Struct, frozen=True, kw_only=True):
    """One thing to tell a seller about an enterprise (openapi-jointkit §A). ``owner``: key of the run that waits for its end.
    It is sent once: the run retries with a new call, written with what there is to tell by then."""

    command: Command
    address: Address
    owner: int
    product: Product | None = None
    subscription: Subscription | None = None
    order_number: str = ""


def tell(request: SyncRequest, *, now: datetime) -> Call:
    """Write such a call. Raises ``Refused`` for an activity that there is not."""
    command, address, subscription = request.command, request.address, request.subscription
    activity = registry.protocol(address.protocol).activities.get(type(command))
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no {type(command).__name__}")
    call = _call_to(address, command, activity, owner=request.owner, now=now)
    call.purpose, call.due_at = Call.Purpose.SYNC, now
    call.product, call.subscription, call.order_number = request.product, subscription, request.order_number
    call.instance_id = subscription.instance_id if subscription else ""
    [written] = write([call])
    return written


def order_notice(address: Address, command: NotifyOrder, *, product: Product, owner: int, now: datetime) -> Call:
    """The notification of one order line (saas-v1-license D1), not written yet. ``owner``: key of the line. Raises ``Refused``
    for an address whose protocol has no such activity."""
    activity = registry.protocol(address.protocol).activities.get(NotifyOrder)
    if activity is None:
        raise Refused("protocol.no_activity", f"{address.protocol} has no NotifyOrder")
    call = _call_to(address, command, activity, owner=owner, now=now)
    call.purpose, call.due_at, call.product = Call.Purpose.NOTICE, now, product
    call.order_number, call.order_line_number = command.order_id, command.order_line_id
    return call


def no_more_tries(told: int, *, now: datetime) -> bool:
    """End the plan of a sync call that waits, or would be tried again: something else is told instead. Whether it has ended: one
    that is being made right now ends by itself."""
    if cancel([told], now=now):
        return True
    own = Call.objects.filter(pk=told, purpose=Call.Purpose.SYNC)
    return bool(
        own.filter(state__in=[State.WAITING, State.HELD]).update(
            state=State.ENDED, outcome=Call.Outcome.GAVE_UP, hold=Call.Hold.NONE, ended_at=now
        )
    )


def forget_people(told: Mapping[int, Command]) -> None:
    """What a sync call that ended keeps of the people it was about: ``told`` says it, by the call's key."""
    for pk, command in told.items():
        Call.objects.filter(pk=pk, purpose=Call.Purpose.SYNC, state=State.ENDED).update(command=dump(command))


def forget(compared: Collection[int]) -> None:
    """What was answered to these comparisons is looked at once, and holds access data."""
    own = Call.objects.filter(pk__in=compared, purpose=Call.Purpose.COMPARE)
    own.exclude(sealed_answer="").update(sealed_answer="")


def _test_call(address: Address, command: Command, *, owner: int, now: datetime) -> Call:
    activity = registry.protocol(address.protocol).activities.get(type(command))
    if activity is None or not command.test:
        raise Refused("protocol.no_activity", f"{address.protocol} has no test call {type(command).__name__}")
    return _call_to(address, command, activity, owner=owner, now=now)


def _call_to(address: Address, command: Command, activity: str, *, owner: int | None, now: datetime) -> Call:
    """About no service: at an address."""
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


def write(calls: list[Call]) -> list[Call]:
    """Commit prepared calls with the caller's own rows, and tell the workers."""
    written = rows.create(calls)
    work.wake()
    return written


def cancel(calls: Collection[int], *, now: datetime, actor: str = "market") -> set[int]:
    """Leave off those of these calls (by pk) that were never sent or were given up. Returns which: what a worker holds,
    has sent, or ended stays as it is. A row that somebody works on is not waited for: it is being sent or recorded."""
    locked = Call.objects.select_for_update(skip_locked=True).filter(pk__in=calls).order_by("pk")
    left_off = [call for call in locked if _may_be_left_off(call)]
    Call.objects.filter(pk__in=[call.pk for call in left_off]).update(
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
        for call in left_off
    )
    return {call.pk for call in left_off}


def end_probes(probes: Collection[int], *, now: datetime) -> int:
    """A slot is over: probes that wait, or would be tried again, end. Returns how many are being made right now."""
    cancel(probes, now=now)
    own = Call.objects.filter(pk__in=probes, purpose=Call.Purpose.PROBE)
    own.filter(state__in=[State.WAITING, State.HELD]).update(
        state=State.ENDED, outcome=Call.Outcome.GAVE_UP, hold=Call.Hold.NONE, ended_at=now
    )
    return own.filter(state=State.LEASED).count()


def _may_be_left_off(call: Call) -> bool:
    """What was tried and is tried again the seller may act on at any time: the operation goes on to its end."""
    tried = call.attempts > 0 and not call.outcome
    return not tried and CALL.allows(status_of(call), CallEvent.CANCEL)


def forget_answers() -> None:
    """Keep nothing sealed of what sellers answered: of a market that is given away."""
    Call.objects.exclude(sealed_answer="").update(sealed_answer="")
