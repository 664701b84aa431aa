"""Effect of each command on the kit's register, and the seller's function that it calls, for all protocols."""

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
from .store import GrantedClaim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tradepost.protocols.commands import Outcome

    from .idempotency import Idempotency
    from .store import Nonce, Store

type CheckOutcome = Callable[[Create, Outcome], None]

STILL_PROVISIONING = "the instance is still being provisioned"
MAX_ID_LENGTH = 64
SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Executor:
    """``handlers``: the seller's functions by command. Only ``on_query`` is optional, since the register can answer."""

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
        check_outcome: CheckOutcome,
        nonce: Nonce | None = None,
        tells_at_once: bool = False,
    ) -> Outcome:
        """Execute a command. Raises ``Reject``, and exceptions of the handler. ``owner``: fresh random text that marks
        the claims of this call.

        ``nonce``: the request's. A create stores it in the transaction of its claim; for other commands it is already
        stored. Raises ``Replayed`` if it was seen before. ``check_outcome`` raises ``ValueError`` for an outcome that the wire
        cannot carry. It is called before the outcome is stored, since every repeat returns the stored one.
        ``tells_at_once``: whether the answer to a create contains access data, so that a repeat returns the current
        data (saas-v1-license A2).
        """
        match command:
            case Query():
                return self._query(command)
            case _ if type(command) not in self.handlers:
                raise NotOffered(activity, type(command))
            case Create():
                created_instance = self._create(command, now, owner, nonce, check_outcome)
                if isinstance(created_instance, str):
                    repeated_outcome = created_outcome(self._instance(created_instance))
                    return self._current(repeated_outcome) if tells_at_once else repeated_outcome
                return created_instance
            case Release():
                return self._release(command, now, owner)
            case Upgrade():
                return self._upgrade(command, now, owner)
            case Refresh() | SetStatus() | CheckChange():
                return self._change(command)
            case _:
                result = self.handlers[type(command)](command)
                return result if isinstance(result, Done | Pending | Rejected) else Done()

    def unfreeze(self, command: Refresh) -> None:
        """End the freeze after a refresh, in versions that freeze by an Expire (saas-v1-license A2.4, A7)."""
        if self._instance(command.instance_id).state is InstanceState.FROZEN:
            self._change(SetStatus(instance_id=command.instance_id, status=InstanceStatus.UNFREEZE))

    def adopt(self, instance: Instance, now: datetime) -> bool:
        """Register an instance that was created elsewhere. Return True for the caller that registered it."""
        if self.store.find(instance.instance_id) is not None:
            return False
        key = SEPARATOR.join(("adopt", instance.instance_id))
        # All callers share one owner and an expired lease: the first result counts for all, and no caller waits for a
        # crashed one.
        expired_at = now - timedelta(days=1)
        claim = self.store.claim(key, owner="adopt", first_id=instance.instance_id, now=now, until=expired_at)
        return isinstance(claim, GrantedClaim) and self.store.keep_created(key, "adopt", instance)

    def _create(
        self, command: Create, now: datetime, owner: str, nonce: Nonce | None, check_outcome: CheckOutcome
    ) -> Outcome | str:
        """Return the new outcome, or the ID of the instance that an earlier request created."""
        key = create_key(command)
        outcomes: list[Outcome] = []

        def act(first_id: str) -> str | None:
            # The handler receives the first business ID in every attempt, so that it can find an account of a crashed
            # attempt.
            same_id = command if first_id == command.business_id else replace(command, business_id=first_id)
            instance = new_instance(same_id, self.handlers[Create](same_id))
            outcome = self._result_of(instance)
            if outcome is not None:
                check_outcome(command, outcome)
            if not self.store.keep_created(key, owner, instance):
                return None
            if outcome is not None:
                outcomes.append(outcome)
            return instance.instance_id

        instance_id = self.idempotency.run(
            key, first_id=command.business_id, now=now, owner=owner, act=act, nonce=nonce
        )
        # Read a pending instance again, since background work may have finished it.
        return outcomes[0] if outcomes else instance_id

    def _current(self, outcome: Outcome) -> Outcome:
        """Add the current access data of ``on_query``: SaaS 1.0 markets repeat newInstance when a buyer opens the
        service."""
        handler = self.handlers.get(Query)
        if handler is None or not isinstance(outcome, Done):
            return outcome
        instance = self._instance(outcome.instance_id)
        if instance.state not in {InstanceState.ACTIVE, InstanceState.FROZEN}:
            return outcome
        query = Query(instance_ids=(instance.instance_id,))
        return replace(outcome, instances=(instance_info(instance, handler(query, instance)),))

    def _result_of(self, instance: Instance) -> Outcome | None:
        """Return the result for a ready instance. Raises ``ValueError`` for access data that no query could return."""
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
            is_finished = self.store.keep_done(key, owner, instance.instance_id, InstanceState.RELEASED)
            return instance.instance_id if is_finished else None

        self.idempotency.run(key, first_id=instance.instance_id, now=now, owner=owner, act=act)
        return Done()

    def _upgrade(self, command: Upgrade, now: datetime, owner: str) -> Outcome:
        instance = self._instance(command.instance_id)
        # The order alone is the key of saas-v2; adding the instance separates two lines of one order.
        key = SEPARATOR.join(("upgrade", command.order_id, instance.instance_id))

        def act(_: str) -> str | None:
            current_instance = self._living(instance.instance_id)
            if current_instance.state is InstanceState.PENDING:
                raise Reject(PROCESSING, STILL_PROVISIONING)
            refuse_pending(self.handlers[Upgrade](command, current_instance))
            return (
                current_instance.instance_id if self.store.keep_done(key, owner, current_instance.instance_id) else None
            )

        self.idempotency.run(key, first_id=instance.instance_id, now=now, owner=owner, act=act)
        return Done()

    def _change(self, command: Refresh | SetStatus | CheckChange) -> Outcome:
        instance = self._living(command.instance_id)
        if instance.state is InstanceState.PENDING:
            return Pending(message=STILL_PROVISIONING)
        result = refuse_pending(self.handlers[type(command)](command, instance))
        match command:
            case Refresh():
                self.store.set_expiry(instance.instance_id, command.expires_at)
            case SetStatus():
                self.store.set_frozen(instance.instance_id, frozen=command.status is InstanceStatus.FREEZE)
            case CheckChange() if result is False:
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


def convert_expiry(command: Command, handlers: Mapping[type[Command], Callable[..., Any]]) -> Command:
    """Convert the command for the seller's functions: an expiry becomes a freeze, unless a function handles
    expiries."""
    if isinstance(command, Expire) and Expire not in handlers:
        freeze = InstanceStatus.FREEZE
        return SetStatus(instance_id=command.instance_id, status=freeze, order_id=command.order_id, test=command.test)
    return command


def create_key(command: Create) -> str:
    """Return (order, line); for an on-demand purchase that was sent inline, (order, product): saas-v2 §3.1,
    saas-v1-license A2.2."""
    purchase = command.purchase
    on_demand = purchase is not None and purchase.charging_mode in {ChargingMode.ON_DEMAND, ChargingMode.ON_DEMAND_PKG}
    part = purchase.product_id if purchase is not None and on_demand else command.order_line_id
    return SEPARATOR.join(("create", command.order_id, part))


def checked_id(instance_id: str) -> str:
    """Return the ID if later calls can name it, else raise ``ValueError``. Commas are refused, since queries join IDs
    with them."""
    if not instance_id.strip() or len(instance_id) > MAX_ID_LENGTH or "," in instance_id:
        raise ValueError(
            f"instance id {instance_id!r} is blank, longer than {MAX_ID_LENGTH} or holds a comma (saas-v2 §3.1, §3.2)"
        )
    return instance_id


def new_instance(command: Create, result: Created | Pending) -> Instance:
    if not isinstance(result, Created | Pending):
        raise TypeError(f"on_create must return Created or Pending, not {type(result).__name__}")
    return Instance(
        instance_id=checked_id(result.instance_id or command.business_id),
        order_id=command.order_id,
        order_line_id=command.order_line_id,
        state=InstanceState.ACTIVE if isinstance(result, Created) else InstanceState.PENDING,
        expires_at=None if command.purchase is None else command.purchase.expires_at,
        app=result.app if isinstance(result, Created) else None,
        license=result.license if isinstance(result, Created) else "",
    )


def created_outcome(instance: Instance) -> Outcome:
    """Return the result of a create, for the first request and for every repeat."""
    if instance.state is InstanceState.PENDING:
        return Pending(instance_id=instance.instance_id)
    if instance.state is InstanceState.FAILED:
        raise Reject(INTERNAL_ERROR, instance.note)
    return Done(
        instance_id=instance.instance_id,
        instances=(InstanceInfo(instance_id=instance.instance_id, app=instance.app),),
        license=instance.license,
    )


def refuse_pending(result: object) -> object:
    """Return a function's result, but refuse ``Pending``, so that the work is not stored as done and the market
    retries."""
    if isinstance(result, Pending):
        raise Reject(PROCESSING, result.message)
    return result


def instance_info(instance: Instance, data: AppInfo | InstanceInfo | None) -> InstanceInfo:
    if isinstance(data, InstanceInfo):
        if data.instance_id != instance.instance_id:
            raise ValueError(
                f"on_query was asked about {instance.instance_id!r} and answered about {data.instance_id!r}"
            )
        return data
    return InstanceInfo(instance_id=instance.instance_id, app=instance.app if data is None else data)


def answer_test_call(command: Command, *, page: str, url: str) -> Outcome:
    """Return a well-formed answer to testFlag 1 without any effect (saas-v2 §10, seller server 3).

    ``page``: the address to show for an instance; if empty, the root of the called address.
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
