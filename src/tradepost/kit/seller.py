"""The seller's server as a function from request to response, which every framework adapter wraps."""

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
    missing_method,
)
from .executor import Executor, answer_test_call, checked_id, convert_expiry
from .idempotency import Idempotency, Replayed
from .routing import Refusal, candidates, is_below, keys_of, most_relevant, protocols_named
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
    """Answers a market. Register functions with ``@seller.on(Create)``, or subclass it and write the ``on_`` methods.

    >>> seller = Seller(store="seller.db", key="the key from the market's seller center")
    >>> @seller.on(Create)
    ... def create(command: Create) -> Created:
    ...     user_name, password = make_account(command.business_id)
    ...     return Created(app=AppInfo(front_end_url="https://app.example.com/", user_name=user_name, password=password))

    The seller checks signatures, replays, repeats, result codes and test calls around the functions. A function returns
    its value or raises ``Reject(code, message)``; other exceptions are logged and answered with 000005.

    ``store``: a path, or an implementation of ``Store``. ``key``: the signing key; ``keys``: one for each protocol name
    or key class (``base``, ``kit``, ``license``, ``notice``) if ``protocols`` have several (saas-v2 §1.3). With several
    protocols, those whose calls have the request's path try to read it, and the first that accepts it answers.
    ``lease``: must exceed your slowest function; afterwards the next repeat takes over the work of a crashed process.
    ``patience``: how long a repeat waits for the running request. ``test_page``: the address shown in answers to test
    calls.

    Raises ``LookupError`` for an unknown protocol, and ``ValueError`` for a missing key.
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

    # --- functions of the seller
    # -----------------------------------------------------------------------------------------

    def on_create(self, command: Create) -> Created | Pending:
        """Create the purchased instance. Called at least once for an order, and never again after it returned.

        ``command.business_id`` is that of the first request in every attempt: use it to find the remains of a crashed
        attempt. Return ``Pending()`` if it takes longer than 5 s, and call ``finish`` later.
        """
        raise missing_method(command)

    def on_query(self, command: Query, instance: Instance) -> AppInfo | InstanceInfo:
        """Return access data and usage of one instance. By default, the data of ``Created`` or ``finish`` are returned.

        Called whenever a buyer opens the service, so return the current password. SaaS 1.0 calls it for a repeated
        newInstance, whose answer contains the access data (saas-v1-license A2).
        """
        raise missing_method(command, instance)

    def on_refresh(self, command: Refresh, instance: Instance) -> Pending | None:
        """Set the expiry to ``command.expires_at``. Calls are repeated, so never add to the expiry (saas-v2 §3.3).

        Here and in the next three methods, return ``Pending()`` if the work is not finished: it is not stored as done,
        and the market repeats the call.
        """
        raise missing_method(command, instance)

    def on_status(self, command: SetStatus, instance: Instance) -> Pending | None:
        """Freeze (keep the data, block the buyer) or unfreeze. Calls are repeated (saas-v2 §3.4).

        SaaS 1.0's expiry calls it as a freeze, and its refresh of a frozen instance also as an unfreeze.
        """
        raise missing_method(command, instance)

    def on_release(self, command: Release, instance: Instance) -> Pending | None:
        """Delete the instance. Called at least once, and never again after it returned (saas-v2 §3.5)."""
        raise missing_method(command, instance)

    def on_upgrade(self, command: Upgrade, instance: Instance) -> Pending | None:
        """Change to the target of the change order. Never called again for an order after it returned (saas-v2
        §3.6)."""
        raise missing_method(command, instance)

    def on_check_change(self, command: CheckChange, instance: Instance) -> bool | None:
        """Return whether the instance may become this product at renewal. False or ``Reject`` refuses (saas-v2
        §3.7)."""
        raise missing_method(command, instance)

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
        """Register the decorated function for a command, instead of the ``on_`` method."""
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
        """Register a function for a command without an ``on_`` method: ``GetLicenseAsync``, ``NotifyOrder``, and those
        of the joint-operation kits. Use it as a decorator or pass the function. The function returns None for success,
        or raises ``Reject``.

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
        """Register a check for test calls, which do not call the command's function. ``look`` must not change data; it
        raises ``Reject`` for faults that a market debugs, such as a client secret that cannot be decrypted
        (openapi-jointkit §A.6)."""
        self._test_looks[command] = look

    def finish(self, instance_id: str, app: AppInfo | None = None, *, license: str = "") -> bool:  # noqa: A002 wire word
        """Finish asynchronous provisioning: queries then return 000000 and ``app``.

        Return False if the instance is not being provisioned (finished or released before: undo your work). Raises
        ``ValueError`` for data that no answer to a query can carry (saas-v2 §3.2).
        """
        if app is not None:
            info, query = InstanceInfo(instance_id=instance_id, app=app), Query(instance_ids=(instance_id,))
            for version in self._versions:
                if Query in version.activities:
                    version.answer(query, Done(instances=(info,)), key=self._keys[version.name], nonce="")
        return self.store.settle(instance_id, app, license, "")

    def fail(self, instance_id: str, reason: str) -> bool:
        """Report that asynchronous provisioning failed: queries return 000005 with the reason, until ``finish`` or a
        release."""
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
        """Register an instance that no create made here, so that the market's calls about it reach your functions.

        For authorization codes, which the market creates (saas-v1-license §B2), and for sales before you used the kit.
        Return True if it is new, False if it is known, even if released. Raises ``ValueError`` for an ID that no call
        can name, and for access data that no answer can carry.
        """
        checked_id(instance_id)
        if app is not None:
            check_app(app)
        instance = Instance(instance_id=instance_id, order_id=order_id, app=app, expires_at=expires_at)
        return self._executor.adopt(instance, now)

    # --- methods for adapters
    # ------------------------------------------------------------------------------------------

    def respond(self, request: Request, now: datetime, nonce: str, *, protocol: str = "") -> Response:
        """Return the signed answer to a request. Never raises, and always returns HTTP 200 (saas-v2 §3.0).

        ``nonce``: at least 32 fresh random alphanumerics. ``protocol``: limits the answer to one protocol, for an
        adapter with a path for each.
        """
        refusals: list[Refusal] = []
        for version in candidates(protocols_named(self._versions, protocol), request):
            try:
                command, is_new = self._open(version, request, now)
            except Denied as denial:
                refusals.append((version, denial))
            except Exception:
                log.exception("%s: reading a request failed", version.title.en)
                return self._answer(version, None, _internal_error(), nonce)
            else:
                outcome = self._outcome(version, command, request, now=now, nonce=nonce, new=is_new)
                return self._answer(version, command, outcome, nonce)
        version, refusal = most_relevant(refusals, request, now)
        hint = OTHER_KEY if "does not match" in refusal.message else ""
        log.warning("%s: refused a request: %s%s", version.title.en, refusal, hint)
        return self._answer(version, None, Rejected(code=refusal.code, message=refusal.message), nonce)

    def refuse(self, message: str, nonce: str, *, protocol: str = "") -> Response:
        """Return the signed answer 000002 to data from which an adapter could not create a ``Request``."""
        version = protocols_named(self._versions, protocol)[0]
        return self._answer(version, None, Rejected(code=BAD_REQUEST, message=message), nonce)

    def spoken(self, protocol: str = "") -> tuple[SellerProtocol, ...]:
        """Return the protocol with this name, or all of this seller. Raises ``LookupError`` for an unsupported one."""
        return protocols_named(self._versions, protocol)

    def prefixes(self, protocol: str = "") -> tuple[str, ...]:
        """Return the path prefixes after the production address in calls to this seller; empty for the address itself.

        After other prefixes, such as ``/produceAPI/v2/``, follows the name of a call (openapi-jointkit §A.0). Raises
        ``LookupError`` for an unsupported protocol.
        """
        return tuple(dict.fromkeys(version.prefix for version in protocols_named(self._versions, protocol)))

    def takes(self, path: str, address: str, protocol: str = "") -> bool:
        """Return whether a request's path belongs to this seller at a production address with the path ``address``.

        >>> seller.takes("/produce/produceAPI/v2/tenantSync", "/produce", "joint_kit_v2")
        True
        """
        return is_below(path, address, self.prefixes(protocol))

    def _open(self, version: SellerProtocol, request: Request, now: datetime) -> tuple[Command, Nonce | None]:
        """Return the command and store its nonce. For a create, return the nonce to be stored with its claim.

        Raises ``Denied``.
        """
        carried_nonces: list[Nonce] = []

        def note(text: str, until: datetime) -> bool:
            # Identified by the key rather than the protocol: if two protocols share a key, the second must not accept
            # what the first refused.
            carried_nonces.append(Nonce(f"{version.key_class} {text}", until))
            return False

        command = version.open(request, key=self._keys[version.name], now=now, nonce_seen=note)
        if not carried_nonces:
            return command, None
        (nonce,) = carried_nonces
        if type(command) is Create and Create in self._handlers and not command.test:
            return command, nonce
        if self.store.nonce_seen(nonce.text, now=now, until=nonce.until):
            raise self._replay(version, request, now)
        return command, None

    def _replay(self, version: SellerProtocol, request: Request, now: datetime) -> Denied:
        """Return the refusal of a repeated request in the protocol's own form."""
        try:
            version.open(request, key=self._keys[version.name], now=now, nonce_seen=lambda _text, _until: True)
        except Denied as denial:
            return denial
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
        command = convert_expiry(command, self._handlers)
        try:
            # A test call must still reveal a missing function, since markets debug for that purpose.
            if command.test and (type(command) in self._handlers or isinstance(command, Query)):
                self._test_looks.get(type(command), _no_check)(command)
                return answer_test_call(command, page=self._test_page, url=request.url)
            outcome = self._executor.execute(
                command,
                now=now,
                owner=nonce,
                activity=activity,
                nonce=new,
                check_outcome=partial(self._check_carried, version),
                tells_at_once=version.tells_at_once and Query in version.activities,
            )
            if isinstance(command, Refresh) and isinstance(outcome, Done) and Expire in version.activities:
                self._executor.unfreeze(command)
            return outcome  # noqa: TRY300  # unfreezing may refuse as executing may
        except Replayed:
            denied = self._replay(version, request, now)
            log.warning("%s: refused a request: %s", version.title.en, denied)
            return Rejected(code=denied.code, message=denied.message)
        except NotOffered as error:
            log.error("%s", error.advice)  # noqa: TRY400  # the words say it all, a traceback leads nowhere
            return Rejected(code=error.code, message=f"this seller does not offer {activity}")
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

    def _check_carried(self, version: SellerProtocol, command: Create, outcome: Outcome) -> None:
        """Raise ``ValueError`` for an instance that the protocol's answer cannot carry."""
        if version.tells_at_once:
            version.answer(command, outcome, key=self._keys[version.name], nonce="")

    def _answer(self, version: SellerProtocol, command: Command | None, outcome: Outcome, nonce: str) -> Response:
        key = self._keys[version.name]
        try:
            return version.answer(command, outcome, key=key, nonce=nonce)
        except Exception:
            log.exception("an answer does not fit %s", version.title.en)
            return version.answer(None, _internal_error(), key=key, nonce=nonce)


def _no_check(_command: Command) -> None:
    """Default check of test calls: none."""


def _internal_error() -> Rejected:
    return Rejected(code=INTERNAL_ERROR, message="internal error; the seller's log says more")
