"""The seller's server as a function from request to response; every web framework adapter is a few lines around it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from tradepost.protocols import registry
from tradepost.protocols.commands import (
    AppInfo,
    CheckChange,
    Command,
    Create,
    Done,
    Expire,
    InstanceInfo,
    Pending,
    Query,
    Refresh,
    Rejected,
    Release,
    SetStatus,
    Upgrade,
)
from tradepost.protocols.contract import Denied
from tradepost.protocols.instance_info import check_app

from .answers import (
    BAD_REQUEST,
    INTERNAL_ERROR,
    METHODS,
    PROCESSING,
    Instance,
    NotOffered,
    Reject,
    unwritten,
)
from .executor import Executor, answer_test_call, as_handled, valid_id
from .idempotency import Idempotency, Replayed
from .routing import Refusal, candidates, is_below, keys_of, most_telling, protocols_named
from .sqlite_store import SQLiteStore
from .store import Nonce

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tradepost.protocols.commands import Outcome
    from tradepost.protocols.contract import SellerProtocol
    from tradepost.protocols.http import Request, Response

    from .answers import Created
    from .store import Store

log = logging.getLogger(__name__)

OTHER_KEY = "; is this server's key the one that the market has for this class of interface?"


class Seller:
    """Answers a market. Give it functions with ``@seller.on(Create)``, or subclass it and write the ``on_`` methods.

    >>> seller = Seller(store="seller.db", key="the key from the market's seller center")
    >>> @seller.on(Create)
    ... def create(command: Create) -> Created:
    ...     user_name, password = make_account(command.business_id)
    ...     return Created(app=AppInfo(front_end_url="https://app.example.com/", user_name=user_name, password=password))

    Signatures, replays, repeats, result codes and test calls are handled before and after the functions. A function
    returns its value, or raises ``Reject(code, message)``; any other exception is logged and answered 000005.

    ``store``: a path, or anything that satisfies ``Store``. ``key``: the signing key; ``keys``: one for each protocol
    name or key class (``base``, ``kit``, ``license``, ``notice``) when ``protocols`` span several (saas-v2 §1.3). With
    several protocols a request is read by those whose calls have its path, the first that accepts it. ``lease``: longer
    than your slowest function; after it the work of a process that died is given to the next repeat. ``patience``: how
    long a repeat waits for the request that is at work. ``test_page``: the address shown in answers to test calls.

    Raises ``LookupError`` for a protocol that does not exist, and ``ValueError`` for a key that is missing.
    """

    def __init__(
        self,
        *,
        store: Store | str | Path,
        key: str = "",
        keys: Mapping[str, str] | None = None,
        protocols: Sequence[str] = ("saas_v2",),
        lease: timedelta = timedelta(seconds=60),
        patience: timedelta = timedelta(seconds=4),
        test_page: str = "",
    ) -> None:
        self.store: Store = SQLiteStore(store) if isinstance(store, str | Path) else store
        self._versions = tuple(registry.protocol(name) for name in protocols)
        self._keys = keys_of(self._versions, key, keys or {})
        self._test_page = test_page
        self._handlers: dict[type[Command], Callable[..., Any]] = {
            command: getattr(self, name)
            for command, name in METHODS.items()
            if getattr(type(self), name) is not getattr(Seller, name)
        }
        self._test_looks: dict[type[Command], Callable[[Any], None]] = {}
        self._executor = Executor(self.store, Idempotency(self.store, lease, patience), self._handlers)

    # --- what a seller writes --------------------------------------------------------------------------------------

    def on_create(self, command: Create) -> Created | Pending:
        """Make what was bought. Called at least once for an order, never again after it returned.

        ``command.business_id`` is that of the first request on every try: use it to find what an earlier try that
        died has left. Return ``Pending()`` when it takes longer than 5 s, and call ``finish`` later.
        """
        raise unwritten(command)

    def on_query(self, command: Query, instance: Instance) -> AppInfo | InstanceInfo:
        """Access data and usage of one instance. Not written: what ``Created`` or ``finish`` gave is answered.

        Called whenever a buyer opens the service, so return the current password. SaaS 1.0 calls it for a repeated
        newInstance, whose answer holds the access data (saas-v1-license A2).
        """
        raise unwritten(command, instance)

    def on_refresh(self, command: Refresh, instance: Instance) -> Pending | None:
        """Set the expiry to ``command.expires_at``. Repeats arrive here: set, never add (saas-v2 §3.3).

        Here and in the next three, ``Pending()`` says *not yet*: nothing is remembered as done, and the market asks again.
        """
        raise unwritten(command, instance)

    def on_status(self, command: SetStatus, instance: Instance) -> Pending | None:
        """Freeze (keep the data, refuse the buyer) or unfreeze. Repeats arrive here (saas-v2 §3.4).

        SaaS 1.0's expiry arrives here as a freeze, and its refresh of a frozen instance as an unfreeze besides.
        """
        raise unwritten(command, instance)

    def on_release(self, command: Release, instance: Instance) -> Pending | None:
        """Delete the instance. Called at least once, never again after it returned (saas-v2 §3.5)."""
        raise unwritten(command, instance)

    def on_upgrade(self, command: Upgrade, instance: Instance) -> Pending | None:
        """Move to what the change order says. Never again for an order after it returned (saas-v2 §3.6)."""
        raise unwritten(command, instance)

    def on_check_change(self, command: CheckChange, instance: Instance) -> bool | None:
        """May the instance become this product at renewal? False or ``Reject`` says no (saas-v2 §3.7)."""
        raise unwritten(command, instance)

    @overload
    def on[F: Callable[[Create], Created | Pending]](self, command: type[Create], /) -> Callable[[F], F]: ...
    @overload
    def on[F: Callable[[Query, Instance], AppInfo | InstanceInfo]](
        self, command: type[Query], /
    ) -> Callable[[F], F]: ...
    @overload
    def on[F: Callable[[CheckChange, Instance], bool | None]](
        self, command: type[CheckChange], /
    ) -> Callable[[F], F]: ...
    @overload
    def on[C: (Refresh, SetStatus, Release, Upgrade)](
        self, command: type[C], /
    ) -> Callable[[Callable[[C, Instance], Pending | None]], Callable[[C, Instance], Pending | None]]: ...

    def on(self, command: type[Command], /) -> Callable[[Any], Any]:
        """Register the decorated function for a command, in place of the ``on_`` method."""
        return self._registering(command)

    def _registering(self, command: type[Command]) -> Callable[[Any], Any]:
        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self._handlers[command] = function
            return function

        return register

    @overload
    def on_other[C: Command](
        self, command: type[C], /
    ) -> Callable[[Callable[[C], Outcome | None]], Callable[[C], Outcome | None]]: ...
    @overload
    def on_other[C: Command](self, command: type[C], function: Callable[[C], Outcome | None], /) -> None: ...

    def on_other(self, command: type[Command], function: Callable[..., Any] | None = None, /) -> Any:
        """Register a function for a command that none of the seven above takes: ``GetLicenseAsync``, ``NotifyOrder``,
        those of the joint-operation kits. Decorates it as ``on`` does, or is given it. It returns None for success, or
        raises ``Reject``.

        >>> @seller.on_other(NotifyOrder)
        ... def note(command: NotifyOrder) -> None:
        ...     remember(command.order_id)
        """
        register = self._registering(command)
        if function is None:
            return register
        register(function)
        return None

    def look_at_tests[C: Command](self, command: type[C], look: Callable[[C], None], /) -> None:
        """Test calls of a command are answered without its function; ``look`` sees them before. It changes nothing, and raises ``Reject``
        for what a market debugs to find out, such as a client secret that cannot be read (openapi-jointkit §A.6).
        """
        self._test_looks[command] = look

    def finish(self, instance_id: str, app: AppInfo | None = None, *, license: str = "") -> bool:  # noqa: A002 wire word
        """End asynchronous provisioning: from now on queries answer 000000 and ``app``.

        False when the instance is not being provisioned (finished before, or released meanwhile: undo your work).
        Raises ``ValueError`` for what no answer to a query could carry (saas-v2 §3.2).
        """
        if app is not None:
            told, asked = InstanceInfo(instance_id=instance_id, app=app), Query(instance_ids=(instance_id,))
            for version in self._versions:
                if Query in version.activities:
                    version.answer(asked, Done(instances=(told,)), key=self._keys[version.name], nonce="")
        return self.store.settle(instance_id, app, license, "")

    def fail(self, instance_id: str, reason: str) -> bool:
        """Asynchronous provisioning gave up: queries answer 000005 with the reason, until ``finish`` or a release."""
        return self.store.settle(instance_id, None, "", reason)

    def adopt(
        self,
        instance_id: str,
        *,
        now: datetime,
        app: AppInfo | None = None,
        expires_at: datetime | None = None,
        order_id: str = "adopted",
    ) -> bool:
        """Remember an instance that no create made here, so that a market's calls about it reach your functions.

        For authorization codes, which the market makes (saas-v1-license §B2), and for what you sold before you had the
        kit. True when it is new here, False when it is known already, also as released. Raises ``ValueError`` for an id
        that no call can name, and for access data that no answer could carry.
        """
        valid_id(instance_id)
        if app is not None:
            check_app(app)
        instance = Instance(instance_id=instance_id, order_id=order_id, app=app, expires_at=expires_at)
        return self._executor.adopt(instance, now)

    # --- what an adapter calls -------------------------------------------------------------------------------------

    def respond(self, request: Request, now: datetime, nonce: str, *, protocol: str = "") -> Response:
        """The signed answer to one request; never raises, always HTTP 200 (saas-v2 §3.0).

        ``nonce``: 32 or more fresh random alphanumerics. ``protocol`` narrows to one name, for an adapter that mounts
        each protocol at its own path.
        """
        refusals: list[Refusal] = []
        for version in candidates(protocols_named(self._versions, protocol), request):
            try:
                command, new = self._open(version, request, now)
            except Denied as denied:
                refusals.append((version, denied))
            except Exception:
                log.exception("%s: reading a request failed", version.title.en)
                return self._answer(version, None, _internal_error(), nonce)
            else:
                outcome = self._outcome(version, command, request, now=now, nonce=nonce, new=new)
                return self._answer(version, command, outcome, nonce)
        version, told = most_telling(refusals, request, now)
        hint = OTHER_KEY if "does not match" in told.message else ""
        log.warning("%s: refused a request: %s%s", version.title.en, told, hint)
        return self._answer(version, None, Rejected(code=told.code, message=told.message), nonce)

    def refuse(self, message: str, nonce: str, *, protocol: str = "") -> Response:
        """The signed answer 000002 to something that an adapter could not even make a ``Request`` of."""
        version = protocols_named(self._versions, protocol)[0]
        return self._answer(version, None, Rejected(code=BAD_REQUEST, message=message), nonce)

    def spoken(self, protocol: str = "") -> tuple[SellerProtocol, ...]:
        """The protocol of this name, or all of this seller. Raises ``LookupError`` for one that it does not speak."""
        return protocols_named(self._versions, protocol)

    def prefixes(self, protocol: str = "") -> tuple[str, ...]:
        """What follows the path of the production address in calls to this seller; empty for the address itself.

        Behind any other, such as ``/produceAPI/v2/``, stands the name of one call (openapi-jointkit §A.0). Raises
        ``LookupError`` for a protocol that this seller does not speak.
        """
        return tuple(dict.fromkeys(version.prefix for version in protocols_named(self._versions, protocol)))

    def takes(self, path: str, address: str, protocol: str = "") -> bool:
        """Whether a request's path belongs to this seller at a production address with the path ``address``.

        >>> seller.takes("/produce/produceAPI/v2/tenantSync", "/produce", "joint_kit_v2")
        True
        """
        return is_below(path, address, self.prefixes(protocol))

    def _open(self, version: SellerProtocol, request: Request, now: datetime) -> tuple[Command, Nonce | None]:
        """The command, its nonce remembered; except for a create's, which is handed out to be remembered with its claim.

        Raises ``Denied``.
        """
        carried: list[Nonce] = []

        def note(text: str, until: datetime) -> bool:
            # By the key that signed it, not by protocol: where two share one, the second must not take what the first refused.
            carried.append(Nonce(f"{version.key_class} {text}", until))
            return False

        command = version.open(request, key=self._keys[version.name], now=now, nonce_seen=note)
        if not carried:
            return command, None
        (nonce,) = carried
        if type(command) is Create and Create in self._handlers and not command.test:
            return command, nonce
        if self.store.nonce_seen(nonce.text, now=now, until=nonce.until):
            raise self._replay(version, request, now)
        return command, None

    def _replay(self, version: SellerProtocol, request: Request, now: datetime) -> Denied:
        """The refusal of a request that came before, in the protocol's own words."""
        try:
            version.open(request, key=self._keys[version.name], now=now, nonce_seen=lambda _text, _until: True)
        except Denied as denied:
            return denied
        raise LookupError(f"{version.title.en} has no refusal for a nonce that was used before")

    def _outcome(
        self,
        version: SellerProtocol,
        command: Command,
        request: Request,
        *,
        now: datetime,
        nonce: str,
        new: Nonce | None,
    ) -> Outcome:
        activity = version.activities.get(type(command), type(command).__name__)
        command = as_handled(command, self._handlers)
        try:
            # A test call must still reveal a function that is missing: the market debugs to find exactly that.
            if command.test and (type(command) in self._handlers or isinstance(command, Query)):
                self._test_looks.get(type(command), _nothing_to_see)(command)
                return answer_test_call(command, page=self._test_page, url=request.url)
            said = self._executor.execute(
                command,
                now=now,
                owner=nonce,
                activity=activity,
                nonce=new,
                fits=partial(self._fits, version),
                tells_at_once=version.tells_at_once and Query in version.activities,
            )
            if isinstance(command, Refresh) and isinstance(said, Done) and Expire in version.activities:
                self._executor.unfreeze(command)
            return said  # noqa: TRY300  # unfreezing may refuse as executing may
        except Replayed:
            denied = self._replay(version, request, now)
            log.warning("%s: refused a request: %s", version.title.en, denied)
            return Rejected(code=denied.code, message=denied.message)
        except NotOffered as missing:
            log.error("%s", missing.advice)  # noqa: TRY400  # the words say it all, a traceback leads nowhere
            return Rejected(code=missing.code, message=f"this seller does not offer {activity}")
        except Reject as reject:
            if reject.code == PROCESSING:
                return Pending(message=reject.message)
            if reject.code in version.result_codes:
                return Rejected(code=reject.code, message=reject.message, retryable=reject.retryable)
            log.exception("%s has no result code %r, answered %s", version.title.en, reject.code, INTERNAL_ERROR)
            return Rejected(code=INTERNAL_ERROR, message=reject.message, retryable=reject.retryable)
        except Exception:
            log.exception("%s failed", activity)
            return _internal_error()

    def _fits(self, version: SellerProtocol, command: Create, outcome: Outcome) -> None:
        """Raises ``ValueError`` for an instance that the protocol could not tell of."""
        if version.tells_at_once:
            version.answer(command, outcome, key=self._keys[version.name], nonce="")

    def _answer(self, version: SellerProtocol, command: Command | None, outcome: Outcome, nonce: str) -> Response:
        key = self._keys[version.name]
        try:
            return version.answer(command, outcome, key=key, nonce=nonce)
        except Exception:
            log.exception("an answer does not fit %s", version.title.en)
            return version.answer(None, _internal_error(), key=key, nonce=nonce)


def _nothing_to_see(_command: Command) -> None:
    """Of most commands a test call shows nothing."""


def _internal_error() -> Rejected:
    return Rejected(code=INTERNAL_ERROR, message="internal error; the seller's log says more")
