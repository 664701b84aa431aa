"""What each command does to the kit's register, and which of the seller's functions it reaches, in any protocol."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tradepost.protocols.commands import (
    AppInfo,
    ChargingMode,
    CheckChange,
    Command,
    Create,
    Done,
    Expire,
    InstanceInfo,
    InstanceStatus,
    Pending,
    Query,
    Refresh,
    Rejected,
    Release,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.instance_info import check_app

from .answers import (
    INTERNAL_ERROR,
    NO_SUCH_INSTANCE,
    PROCESSING,
    Created,
    Instance,
    InstanceState,
    NotOffered,
    Reject,
)
from .store import Mine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tradepost.protocols.commands import Outcome

    from .idempotency import Idempotency
    from .store import Nonce, Store

type Fits = Callable[[Create, Outcome], None]

STILL_PROVISIONING = "the instance is still being provisioned"
LONGEST_ID = 64
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Executor:
    """``handlers``: the seller's functions by command. ``on_query`` alone may be missing: the register answers."""

    store: Store
    idempotency: Idempotency
    handlers: Mapping[type[Command], Callable[..., Any]]

    def execute(
        self,
        command: Command,
        *,
        now: datetime,
        owner: str,
        activity: str,
        fits: Fits,
        nonce: Nonce | None = None,
        tells_at_once: bool = False,
    ) -> Outcome:
        """Raises ``Reject``, and whatever a handler raises. ``owner``: fresh random text that marks our claims.

        ``nonce``: the request's, which a create remembers in the transaction of its claim; the others find it done.
        Raises ``Replayed`` when it was seen before. ``fits`` raises ``ValueError`` for an outcome that the wire cannot
        carry: it is asked before anything is kept, since what is kept is answered to every repeat. ``tells_at_once``:
        whether the answer to a create holds access data, so that a repeat answers the current ones (saas-v1-license A2).
        """
        match command:
            case Query():
                return self._query(command)
            case _ if type(command) not in self.handlers:
                raise NotOffered(activity, type(command))
            case Create():
                made = self._create(command, now, owner, nonce, fits)
                if isinstance(made, str):
                    repeated = created_outcome(self._instance(made))
                    return self._current(repeated) if tells_at_once else repeated
                return made
            case Release():
                return self._release(command, now, owner)
            case Upgrade():
                return self._upgrade(command, now, owner)
            case Refresh() | SetStatus() | CheckChange():
                return self._change(command)
            case _:
                said = self.handlers[type(command)](command)
                return said if isinstance(said, Done | Pending | Rejected) else Done()

    def unfreeze(self, command: Refresh) -> None:
        """A refresh also ends the freeze, in versions that freeze by an Expire (saas-v1-license A2.4, A7)."""
        if self._instance(command.instance_id).state is InstanceState.FROZEN:
            self._change(SetStatus(instance_id=command.instance_id, status=InstanceStatus.UNFREEZE))

    def adopt(self, instance: Instance, now: datetime) -> bool:
        """Keep an instance that was made elsewhere; True for the one who kept it."""
        if self.store.find(instance.instance_id) is not None:
            return False
        key = SEPARATOR.join(("adopt", instance.instance_id))
        # One owner for all who adopt it, and a lease that is over: whoever keeps it first has done the work of all, and
        # nobody waits for one that died.
        over = now - timedelta(days=1)
        claim = self.store.claim(key, owner="adopt", first_id=instance.instance_id, now=now, until=over)
        return isinstance(claim, Mine) and self.store.keep_created(key, "adopt", instance)

    def _create(self, command: Create, now: datetime, owner: str, nonce: Nonce | None, fits: Fits) -> Outcome | str:
        """What was made just now, or the id of what an earlier request made."""
        key = create_key(command)
        made: list[Outcome] = []

        def act(first_id: str) -> str | None:
            # The handler sees the first business id on every try, so a half-made account of a crashed try is found.
            same_id = command if first_id == command.business_id else replace(command, business_id=first_id)
            instance = new_instance(same_id, self.handlers[Create](same_id))
            said = self._said_of(instance)
            if said is not None:
                fits(command, said)
            if not self.store.keep_created(key, owner, instance):
                return None
            if said is not None:
                made.append(said)
            return instance.instance_id

        instance_id = self.idempotency.run(
            key, first_id=command.business_id, now=now, owner=owner, act=act, nonce=nonce
        )
        # A pending one is read again: background work may have finished it meanwhile.
        return made[0] if made else instance_id

    def _current(self, said: Outcome) -> Outcome:
        """With the access data that ``on_query`` gives now: SaaS 1.0 markets repeat newInstance when a buyer opens the service."""
        handler = self.handlers.get(Query)
        if handler is None or not isinstance(said, Done):
            return said
        instance = self._instance(said.instance_id)
        if instance.state not in {InstanceState.ACTIVE, InstanceState.FROZEN}:
            return said
        query = Query(instance_ids=(instance.instance_id,))
        return replace(said, instances=(instance_info(instance, handler(query, instance)),))

    def _said_of(self, instance: Instance) -> Outcome | None:
        """What is said of an instance that is ready. Raises ``ValueError`` for access data that no query could tell."""
        if instance.state is not InstanceState.ACTIVE:
            return None
        if instance.app is not None and Query not in self.handlers:
            check_app(instance.app)
        return created_outcome(instance)

    def _query(self, command: Query) -> Outcome:
        instances = [self._living(instance_id) for instance_id in dict.fromkeys(command.instance_ids)]
        for instance in instances:
            if instance.state is InstanceState.FAILED:
                raise Reject(INTERNAL_ERROR, instance.note)
        if any(instance.state is InstanceState.PENDING for instance in instances):
            return Pending(message=STILL_PROVISIONING)
        handler = self.handlers.get(Query)
        if handler is None:
            return Done(instances=tuple(InstanceInfo(instance_id=i.instance_id, app=i.app) for i in instances))
        return Done(instances=tuple(instance_info(i, handler(command, i)) for i in instances))

    def _release(self, command: Release, now: datetime, owner: str) -> Outcome:
        instance = self._instance(command.instance_id)
        if instance.state is InstanceState.RELEASED:
            return Done()
        key = SEPARATOR.join(("release", instance.instance_id))

        def act(_: str) -> str | None:
            refuse_pending(self.handlers[Release](command, instance))
            kept = self.store.keep_done(key, owner, instance.instance_id, InstanceState.RELEASED)
            return instance.instance_id if kept else None

        self.idempotency.run(key, first_id=instance.instance_id, now=now, owner=owner, act=act)
        return Done()

    def _upgrade(self, command: Upgrade, now: datetime, owner: str) -> Outcome:
        instance = self._instance(command.instance_id)
        # The order alone would be the key of saas-v2; with the instance, two lines of one order cannot be mixed up.
        key = SEPARATOR.join(("upgrade", command.order_id, instance.instance_id))

        def act(_: str) -> str | None:
            settled = self._living(instance.instance_id)
            if settled.state is InstanceState.PENDING:
                raise Reject(PROCESSING, STILL_PROVISIONING)
            refuse_pending(self.handlers[Upgrade](command, settled))
            return settled.instance_id if self.store.keep_done(key, owner, settled.instance_id) else None

        self.idempotency.run(key, first_id=instance.instance_id, now=now, owner=owner, act=act)
        return Done()

    def _change(self, command: Refresh | SetStatus | CheckChange) -> Outcome:
        instance = self._living(command.instance_id)
        if instance.state is InstanceState.PENDING:
            return Pending(message=STILL_PROVISIONING)
        said = refuse_pending(self.handlers[type(command)](command, instance))
        match command:
            case Refresh():
                self.store.set_expiry(instance.instance_id, command.expires_at)
            case SetStatus():
                self.store.set_frozen(instance.instance_id, frozen=command.status is InstanceStatus.FREEZE)
            case CheckChange() if said is False:
                raise Reject(INTERNAL_ERROR, "the instance cannot be changed to this product")
        return Done()

    def _instance(self, instance_id: str) -> Instance:
        instance = self.store.find(instance_id)
        if instance is None:
            raise Reject(NO_SUCH_INSTANCE, "no such instance", retryable=False)
        return instance

    def _living(self, instance_id: str) -> Instance:
        instance = self._instance(instance_id)
        if instance.state is InstanceState.RELEASED:
            raise Reject(NO_SUCH_INSTANCE, "the instance was released", retryable=False)
        return instance


def as_handled(command: Command, handlers: Mapping[type[Command], Callable[..., Any]]) -> Command:
    """The command in the words of the seller's functions: an expiry is a freeze, unless a function takes expiries."""
    if isinstance(command, Expire) and Expire not in handlers:
        freeze = InstanceStatus.FREEZE
        return SetStatus(instance_id=command.instance_id, status=freeze, order_id=command.order_id, test=command.test)
    return command


def create_key(command: Create) -> str:
    """(order, line); for an on-demand purchase that came inline, (order, product): saas-v2 §3.1, saas-v1-license A2.2."""
    bought = command.purchase
    on_demand = bought is not None and bought.charging_mode in {ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG}
    part = bought.product_id if bought is not None and on_demand else command.order_line_id
    return SEPARATOR.join(("create", command.order_id, part))


def valid_id(instance_id: str) -> str:
    """The id, which later calls can name. Raises ``ValueError`` before anything is kept: queries join ids with commas."""
    if not instance_id.strip() or len(instance_id) > LONGEST_ID or "," in instance_id:
        raise ValueError(
            f"instance id {instance_id!r} is blank, longer than {LONGEST_ID} or holds a comma (saas-v2 §3.1, §3.2)"
        )
    return instance_id


def new_instance(command: Create, said: Created | Pending) -> Instance:
    if not isinstance(said, Created | Pending):
        raise TypeError(f"on_create must return Created or Pending, not {type(said).__name__}")
    return Instance(
        instance_id=valid_id(said.instance_id or command.business_id),
        order_id=command.order_id,
        order_line_id=command.order_line_id,
        state=InstanceState.ACTIVE if isinstance(said, Created) else InstanceState.PENDING,
        expires_at=None if command.purchase is None else command.purchase.expires_at,
        app=said.app if isinstance(said, Created) else None,
        license=said.license if isinstance(said, Created) else "",
    )


def created_outcome(instance: Instance) -> Outcome:
    """What a create answers now, at the first request and at every repeat."""
    if instance.state is InstanceState.PENDING:
        return Pending(instance_id=instance.instance_id)
    if instance.state is InstanceState.FAILED:
        raise Reject(INTERNAL_ERROR, instance.note)
    return Done(
        instance_id=instance.instance_id,
        instances=(InstanceInfo(instance_id=instance.instance_id, app=instance.app),),
        license=instance.license,
    )


def refuse_pending(said: object) -> object:
    """What a function returned, unless it is *not yet*: then nothing is remembered as done, and the market asks again."""
    if isinstance(said, Pending):
        raise Reject(PROCESSING, said.message)
    return said


def instance_info(instance: Instance, said: AppInfo | InstanceInfo | None) -> InstanceInfo:
    if isinstance(said, InstanceInfo):
        if said.instance_id != instance.instance_id:
            raise ValueError(
                f"on_query was asked about {instance.instance_id!r} and answered about {said.instance_id!r}"
            )
        return said
    return InstanceInfo(instance_id=instance.instance_id, app=instance.app if said is None else said)


def answer_test_call(command: Command, *, page: str, url: str) -> Outcome:
    """A well-formed answer to testFlag 1 that touches nothing (saas-v2 §10, seller server 3).

    ``page`` is the address to show for an instance; when it is empty, the root of the address that was asked.
    """
    parts = urlsplit(url)
    app = AppInfo(
        front_end_url=page or f"{parts.scheme or 'http'}://{parts.netloc or 'localhost'}/",
        memo="Answer to a test call: no instance was made.",
    )
    match command:
        case Create():
            info = InstanceInfo(instance_id=command.business_id, app=app)
            return Done(instance_id=command.business_id, instances=(info,), license=app.memo)
        case Query():
            return Done(
                instances=tuple(InstanceInfo(instance_id=i, app=app) for i in dict.fromkeys(command.instance_ids))
            )
        case _:
            return Done()
