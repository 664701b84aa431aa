"""Mutants of the License versions and of the order notification, in what only these ask (saas-v1-license B1 to B3, D)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from tradepost.kit import Create, Refresh, Reject, Release, SetStatus
from tradepost.protocols.commands import Done, Expire, GetLicenseAsync, InstanceStatus, Rejected
from tradepost.protocols.http import Request, Response

from .answer_signing import compact, signed_over
from .any_shop import AnySeller, any_seller
from .declaring import Answer, Answering, answer_mutant, mutant
from .every_protocol import Met
from .http_habits import code, with_status
from .shop import Shop
from .twice import Middleman

ONCE, LIFE, TIME, SHAPE = "idempotency", "lifecycle", "time", "shape"
V1, CODE, ONLINE, NOTICE = "license_v1", "license_code", "license_online", "order_notice"
ISSUING = (V1, ONLINE)


def any_mutant[S: type[Shop]](diagnosis: str, *groups: str, protocols: tuple[str, ...]) -> Callable[[S], S]:
    """Declare a shop whose own work is wrong, speaking one of the smaller versions."""

    def declare(kind: S) -> S:
        def build(folder: Path, protocol: str) -> Answering:
            return any_seller(folder, protocol, kind).respond

        build.__name__ = kind.__name__
        mutant(diagnosis, *groups, protocols=protocols)(build)
        return kind

    return declare


class Between(Middleman, AnySeller):
    """``act`` before an honest seller of licenses."""


# --- issuing ---------------------------------------------------------------------------------------------------------


@any_mutant("new_instance_id_each_call", ONCE, protocols=ISSUING)
class NewInstanceForEachCall(Between):
    count = 0

    def act(self, command, honest):
        if isinstance(command, Create):
            self.count += 1
            again = f"-{self.count}"
            command = replace(command, order_id=command.order_id + again, business_id=command.business_id[-30:] + again)
        return honest(command)


@any_mutant("business_id_as_key", ONCE, protocols=ISSUING)
class KeyedByBusinessId(Between):
    def act(self, command, honest):
        if isinstance(command, Create):
            command = replace(command, order_id=command.business_id, order_line_id="")
        return honest(command)


@any_mutant("order_line_ignored", ONCE, protocols=(ONLINE,))
class KeyedByOrderAlone(Between):
    def act(self, command, honest):
        return honest(replace(command, order_line_id="")) if isinstance(command, Create) else honest(command)


@any_mutant("two_answers_in_parallel", ONCE, protocols=ISSUING)
class LooksFirst(Between):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.made: dict[tuple[str, str], str] = {}

    def act(self, command, honest):
        if not isinstance(command, Create):
            return honest(command)
        order = (command.order_id, command.order_line_id)
        known = self.made.get(order)
        # Long enough that the others arrive meanwhile, on a busy machine as well.
        time.sleep(0.3)
        if known is None:
            honest(replace(command, order_id=command.business_id))
            known = self.made[order] = command.business_id
        return Done(instance_id=known, license="LICENSE-1")


@any_mutant("other_license", ONCE, protocols=(V1,))
class NewLicenseEachCall(AnySeller):
    """The generator is asked on every call; the instance is kept."""

    count = 0

    def _outcome(self, spoken, command, request, **rest):
        outcome = super()._outcome(spoken, command, request, **rest)
        if isinstance(command, Create) and isinstance(outcome, Done):
            self.count += 1
            return replace(outcome, license=f"LICENSE-{self.count}")
        return outcome


@answer_mutant("missing_field", SHAPE, protocols=(V1,))
def no_license(request: Request, response: Response) -> Answer:
    members = json.loads(response.body)
    members.pop("license", None)
    return signed_over(response, compact(members), compact(members))


@answer_mutant("missing_field", SHAPE, protocols=(ONLINE,))
def no_instance_id(request: Request, response: Response) -> Answer:
    members = json.loads(response.body)
    members.pop("instanceId", None)
    return signed_over(response, compact(members), compact(members))


@any_mutant("repeat_refused", ONCE, LIFE, protocols=ISSUING)
class ReleasesOnlyOnce(Between):
    def act(self, command, honest):
        if isinstance(command, Release):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "released":
                raise Reject("000003", "the instance was released before")
        return honest(command)


@any_mutant("released_still_answers", LIFE, protocols=ISSUING)
class ReleaseKeepsEverything(Between):
    def act(self, command, honest):
        if isinstance(command, Release) and self.store.find(command.instance_id):
            return Done()
        return honest(command)


@any_mutant("success_for_unknown_instance", LIFE, protocols=ISSUING)
class UnknownIsFine(Between):
    def act(self, command, honest):
        outcome = honest(command)
        return Done() if isinstance(outcome, Rejected) and outcome.code == "000003" else outcome


@any_mutant("frozen_is_lost", LIFE, protocols=(ONLINE,))
class FrozenCannotBeRenewed(Between):
    def act(self, command, honest):
        if isinstance(command, Refresh):
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "frozen":
                raise Reject("000005", "unfreeze it first")
        return honest(command)


@any_mutant("repeat_refused", LIFE, ONCE, protocols=(ONLINE,))
class FreezesOnlyOnce(Between):
    def act(self, command, honest):
        if isinstance(command, SetStatus) and command.status is InstanceStatus.FREEZE:
            instance = self.store.find(command.instance_id)
            if instance is not None and instance.state == "frozen":
                raise Reject("000005", "frozen already")
        return honest(command)


@any_mutant("repeat_refused", LIFE, protocols=(V1,))
class ExpiresOnlyOnce(Between):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.ended: set[str] = set()

    def _outcome(self, spoken, command, request, **rest):
        if isinstance(command, Expire) and not command.test:
            if command.instance_id in self.ended:
                return Rejected(code="000005", message="expired before")
            self.ended.add(command.instance_id)
        return super()._outcome(spoken, command, request, **rest)


@any_mutant("depends_on_order", LIFE, protocols=ISSUING)
class ReleasesAfterARenewal(Between):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.renewed: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, Refresh):
            self.renewed.add(command.instance_id)
        if isinstance(command, Release) and command.instance_id not in self.renewed:
            raise Reject("000005", "the licence was never activated")
        return honest(command)


@any_mutant("repeat_refused", ONCE, protocols=(ONLINE,))
class IssuesOnce(Between):
    """An eventId that comes again is a duplicate key."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.events: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, GetLicenseAsync):
            if command.event_id in self.events:
                raise Reject("000005", "duplicate event")
            self.events.add(command.event_id)
        return honest(command)


@mutant("accepts_bad_time", TIME, protocols=(ONLINE,))
def no_time_means_now(folder: Path, protocol: str) -> Answering:
    """A parser that gives up and goes on."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        response = seller.respond(request, now, nonce)
        return Met(protocol, request, now, nonce).says("000000") if b"is not a" in response.body else response

    return answering


@mutant("twelve_hour_clock", TIME, protocols=(V1, CODE, ONLINE))
def reads_hours_to_12(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        hours = str(met.members.get("expireTime", ""))[8:10]
        afternoon = str(met.members.get("activity", "")).startswith("refresh") and hours.isdigit()
        if afternoon and not 1 <= int(hours) <= 12 and met.is_right:
            return met.says("000002")
        return seller.respond(request, now, nonce)

    return answering


# --- codes and notices -----------------------------------------------------------------------------------------------


@mutant("accepts_bad_value", SHAPE, protocols=(CODE, ONLINE))
def any_status_unfreezes(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        wrong = met.members.get("status") == "NO_SUCH_VALUE" or met.members.get("scene") == "NO_SUCH_VALUE"
        return met.says("000000") if wrong and met.is_right else seller.respond(request, now, nonce)

    return answering


@answer_mutant("http_500_for_unknown_instance", LIFE, protocols=(V1, CODE, ONLINE))
def unknown_is_500(request: Request, response: Response) -> Answer:
    return with_status(response, 500) if code(response) == "000003" else response


@mutant("http_500_for_unknown_instance", LIFE, protocols=(CODE,))
def unknown_code_is_a_null_pointer(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        if met.members.get("testFlag") != "1" and met.is_right:
            return Response(500, (("Content-Type", "text/html"),), b"<h1>NullPointerException</h1>")
        return seller.respond(request, now, nonce)

    return answering


@mutant("repeat_refused", ONCE, protocols=(NOTICE,))
def notices_are_unique(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)
    seen: set[str] = set()

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        order = str(met.members.get("orderId"))
        if met.is_right and met.members.get("testFlag") != "1" and order in seen:
            return met.says("000005")
        seen.add(order)
        return seller.respond(request, now, nonce)

    return answering


@mutant("fails_in_parallel", ONCE, protocols=(NOTICE,))
def notices_lock_the_row(folder: Path, protocol: str) -> Answering:
    """``SELECT … FOR UPDATE NOWAIT``: the second of two is refused while the first is at work."""
    seller = any_seller(folder, protocol)
    rows: dict[str, Lock] = {}

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        row = rows.setdefault(str(met.members.get("orderId")), Lock())
        if not row.acquire(blocking=False):
            return met.says("000005")
        try:
            time.sleep(0.05)
            return seller.respond(request, now, nonce)
        finally:
            row.release()

    return answering


@mutant("missing_activity", SHAPE, "debug", protocols=(V1, ONLINE))
def no_refresh(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)
    del seller._handlers[Refresh]
    return seller.respond
