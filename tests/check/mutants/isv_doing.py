"""Mutants that do the wrong thing with an instance, as real databases and threads let them (saas-v2 §3)."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Lock, Semaphore

from tradepost.kit import CheckChange, Create, Query, Refresh, Reject, Release, Upgrade
from tradepost.kit.answers import Instance
from tradepost.protocols import registry
from tradepost.protocols.commands import Done, InstanceInfo, Pending, Rejected
from tradepost.protocols.http import Request, Response

from .answer_signing import compact, members_of, signed_over
from .crowd import Crowd
from .definition import V1, V2, Answer, Answering, Shop, answer_mutant, mutant, shop_mutant
from .twice import Middleman

ONCE, LIFE, LOAD, DEBUG = "idempotency", "lifecycle", "load", "debug"
BOTH = (V2, V1)


# --- creation --------------------------------------------------------------------------------------------------------


@shop_mutant("repeat_refused", ONCE, protocols=BOTH)
class RepeatSaysAnotherCode(Middleman):
    """A repeat gets the right id and a code that is no success."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.orders: set[tuple[str, str]] = set()

    def act(self, command, honest):
        outcome = honest(command)
        if isinstance(command, Create):
            order = (command.order_id, command.order_line_id)
            if order in self.orders:
                return Rejected(code="000103", message="already purchased")
            self.orders.add(order)
        return outcome


@shop_mutant("repeat_refused", LIFE)
class RepeatIsAlwaysPending(Middleman):
    """A row in the table means that the creation is in progress, forever."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.orders: set[tuple[str, str]] = set()

    def act(self, command, honest):
        outcome = honest(command)
        if isinstance(command, Create) and isinstance(outcome, Done):
            order = (command.order_id, command.order_line_id)
            if order in self.orders:
                return Pending(instance_id=outcome.instance_id)
            self.orders.add(order)
        return outcome


@answer_mutant("missing_field", ONCE, "shape")
def repeat_without_the_id(request: Request, response: Response) -> Answer:
    """The first answer is built from the new row, the second from nothing."""
    members = members_of(response)
    order = request.body.partition(b'"orderId":"')[2][:24]
    if "instanceId" not in members or b'"testFlag":"1"' in request.body:
        return response
    if order in SEEN:
        del members["instanceId"]
    SEEN.add(order)
    body = compact(members)
    return signed_over(response, body, body)


SEEN: set[bytes] = set()


@shop_mutant("new_instance_id_each_call", ONCE)
class NewInstanceAfterAFreeze(Middleman):
    """It looks for an active instance of the order."""

    def act(self, command, honest):
        if isinstance(command, Create):
            outcome = honest(command)
            instance = self.store.find(outcome.instance_id) if isinstance(outcome, Done) else None
            if instance is not None and instance.state == "frozen":
                return honest(replace(command, order_id=f"{command.order_id}#", business_id=command.business_id[::-1]))
            return outcome
        return honest(command)


@shop_mutant("other_app_info", ONCE, protocols=(V1,))
class RepeatTellsTheLatestAccount(Shop):
    """The access data comes from a field of the class, which the last order filled."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.count = 0

    def _outcome(self, version, command, request, **rest):
        outcome = super()._outcome(version, command, request, **rest)
        if isinstance(command, Create) and not command.test and isinstance(outcome, Done) and outcome.instances:
            self.count += 1
            app = outcome.instances[0].app
            if app is not None:
                other = replace(
                    app, user_name=f"user{self.count}", front_end_url=f"https://shop.example.com/{self.count}"
                )
                return replace(outcome, instances=(replace(outcome.instances[0], app=other),))
        return outcome


@shop_mutant("order_line_ignored", ONCE)
class OneRowForAnOrder(Middleman):
    """The line is stored, but the unique key is the order alone: a second line finds the first."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.rows: dict[str, Create] = {}

    def act(self, command, honest):
        if isinstance(command, Create):
            command = self.rows.setdefault(command.order_id, command)
        return honest(command)


@shop_mutant("release_takes_others", LIFE)
class ReleasesTheWholeOrder(Middleman):
    """``DELETE FROM instances WHERE order_id = …``."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.orders: dict[str, list[str]] = {}

    def act(self, command, honest):
        outcome = honest(command)
        if isinstance(command, Create) and isinstance(outcome, Done):
            self.orders.setdefault(command.order_id, []).append(outcome.instance_id)
        if isinstance(command, Release) and isinstance(outcome, Done):
            for ids in self.orders.values():
                if command.instance_id in ids:
                    for other in ids:
                        honest(Release(instance_id=other))
        return outcome


# --- life ------------------------------------------------------------------------------------------------------------


@shop_mutant("depends_on_order", LIFE)
class ReleasesFrozenOnly(Middleman):
    def act(self, command, honest):
        if isinstance(command, Release):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "active":
                raise Reject("000005", "the instance is still running")
        return honest(command)


@shop_mutant("released_still_answers", LIFE, warned=True)
class UpgradesWhatIsReleased(Middleman):
    def act(self, command, honest):
        if isinstance(command, Upgrade):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "released":
                return Done()
        return honest(command)


@shop_mutant("success_for_unknown_instance", LIFE)
class AllowsAnyChange(Middleman):
    def act(self, command, honest):
        return Done() if isinstance(command, CheckChange) else honest(command)


@shop_mutant("frozen_is_lost", LIFE, protocols=BOTH)
class RenewalOfAFrozenOneMakesAnother(Middleman):
    """A renewal inserts a new row, as if the instance were gone; the old id is unknown from then on."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.lost: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, Refresh):
            instance = self.store.find(command.instance_id)
            outcome = honest(command)
            if instance is not None and instance.state == "frozen":
                self.lost.add(command.instance_id)
            return outcome
        ids = command.instance_ids if isinstance(command, Query) else (getattr(command, "instance_id", ""),)
        if self.lost & set(ids) and not isinstance(command, Release):
            raise Reject("000003", "no such instance")
        return honest(command)


@shop_mutant("repeat_refused", LIFE, ONCE)
class OldRenewalIsAConflict(Middleman):
    """A renewal whose order is known is refused as a double booking."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.orders: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, Refresh):
            if command.order_id in self.orders:
                raise Reject("000005", "duplicate order")
            self.orders.add(command.order_id)
        return honest(command)


@shop_mutant("refuses_correct_request", LIFE)
class EarlierExpiryIsRefused(Middleman):
    """``expireTime must be later than the current one``; a cancelled renewal sends an earlier one (saas-v2 §3.3)."""

    def act(self, command, honest):
        if isinstance(command, Refresh):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.expires_at and command.expires_at < instance.expires_at:
                raise Reject("000002", "expireTime lies before the current one")
        return honest(command)


@shop_mutant("local_time_expiry", "time", protocols=BOTH)
class ShowsExpiryInBeijing(Shop):
    def expiry(self, instance: Instance):
        return instance.expires_at and instance.expires_at + timedelta(hours=8)


@shop_mutant("unstable_access", ONCE, protocols=BOTH)
class NewPasswordEachQuery(Shop):
    count = 0

    def app(self, instance_id, expires_at=None):
        self.count += 1
        return replace(super().app(instance_id, expires_at), password=f"secret-{self.count}")


@shop_mutant("test_flag_acts", DEBUG)
class TestCallsRenew(Shop):
    """A debug call of refreshInstance sets the real expiry."""

    def _outcome(self, version, command, request, **rest):
        if isinstance(command, Refresh) and self.store.find(command.instance_id) is not None:
            command = replace(command, test=False)
        return super()._outcome(version, command, request, **rest)


@shop_mutant("test_flag_absent", DEBUG)
class TestCallsAreTheDefault(Shop):
    """A missing testFlag means debugging and only "0" is real, so no real order is executed."""

    def respond(self, request, now, nonce, **rest):
        self.flagged = b'"testFlag":"0"' in request.body
        return super().respond(request, now, nonce, **rest)

    def _outcome(self, version, command, request, **rest):
        if isinstance(command, Create) and b'"testFlag":"0"' not in request.body:
            command = replace(command, test=True)
        return super()._outcome(version, command, request, **rest)


# --- threads ---------------------------------------------------------------------------------------------------------


@shop_mutant("answers_mixed_up", ONCE, LOAD, protocols=BOTH)
class RequestInAFieldOfTheClass(Middleman):
    """A singleton that keeps the current request in a field: parallel calls read each other's."""

    current: Query | None = None

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.crowd = Crowd()

    def act(self, command, honest):
        if isinstance(command, Query):
            self.current = command
            self.crowd.meet()
            outcome = honest(self.current)
            if isinstance(outcome, Done) and self.current is not command:
                infos = tuple(
                    InstanceInfo(instance_id=wanted, app=info.app)
                    for wanted, info in zip(command.instance_ids, outcome.instances, strict=False)
                )
                return replace(outcome, instances=infos)
            return outcome
        return honest(command)


@mutant("fails_under_load", LOAD)
def database_is_locked(folder: Path, protocol: str) -> Answering:
    """SQLite without a busy timeout, seen with 50 parallel calls."""
    shop = Shop(folder, registry.protocol(protocol))
    crowd = Crowd()

    def answering(request, now, nonce):
        with crowd as number:
            if number > 20:
                body = b'{"error":"database is locked"}'
                return Response(500, (("Content-Type", "application/json"),), body)
            return shop.respond(request, now, nonce)

    return answering


@mutant("slow_under_load", LOAD, answer_within=1.5)
def one_at_a_time(folder: Path, protocol: str) -> Answering:
    """One lock around everything."""
    shop = Shop(folder, registry.protocol(protocol))
    lock = Lock()

    def answering(request, now, nonce):
        with lock:
            time.sleep(0.04)
            return shop.respond(request, now, nonce)

    return answering


@mutant("fails_under_load", LOAD, timeout=2)
def deadlocks_with_ten(folder: Path, protocol: str) -> Answering:
    """A pool of nine connections, of which each request takes two."""
    shop = Shop(folder, registry.protocol(protocol))
    pool, crowd = Semaphore(9), Crowd()

    def answering(request, now, nonce):
        crowd.arrive()
        if not pool.acquire(timeout=3):
            return Response(500, (), b"")
        try:
            crowd.stay()
            if not pool.acquire(timeout=3):
                return Response(500, (), b"")
            try:
                return shop.respond(request, now, nonce)
            finally:
                pool.release()
        finally:
            pool.release()

    return answering
