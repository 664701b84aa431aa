"""Mutants of the License versions and of the order notification, in what only these have (saas-v1-license B1 to B3, D)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from tradepost.kit import Create, Refresh, Reject, Release
from tradepost.protocols.commands import Done, Expire, GetLicenseAsync, Rejected
from tradepost.protocols.http import Request, Response

from .answer_signing import compact, signed_over
from .any_shop import AnySeller, any_seller
from .crowd import Crowd
from .definition import CODE, ISSUING, LICENSE, NOTICE, ONLINE, Answer, Answering, answer_mutant, mutant, shop_mutant
from .every_protocol import Met
from .http_habits import code, with_status
from .twice import Middleman

ONCE, LIFE, TIME, SHAPE = "idempotency", "lifecycle", "time", "shape"


# --- issuing ---------------------------------------------------------------------------------------------------------


@shop_mutant("other_license", ONCE, protocols=(LICENSE,))
class NewLicenseEachCall(AnySeller):
    """A license is generated on every call; the instance is stored."""

    count = 0

    def _outcome(self, version, command, request, **rest):
        outcome = super()._outcome(version, command, request, **rest)
        if isinstance(command, Create) and isinstance(outcome, Done):
            self.count += 1
            return replace(outcome, license=f"LICENSE-{self.count}")
        return outcome


@answer_mutant("missing_field", SHAPE, protocols=(LICENSE,))
def no_license(request: Request, response: Response) -> Answer:
    members = json.loads(response.body)
    members.pop("license", None)
    return signed_over(response, compact(members), compact(members))


@answer_mutant("missing_field", SHAPE, protocols=(ONLINE,))
def no_instance_id(request: Request, response: Response) -> Answer:
    members = json.loads(response.body)
    members.pop("instanceId", None)
    return signed_over(response, compact(members), compact(members))


@shop_mutant("repeat_refused", LIFE, protocols=(LICENSE,))
class ExpiresOnlyOnce(Middleman):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.ended: set[str] = set()

    def _outcome(self, version, command, request, **rest):
        if isinstance(command, Expire) and not command.test:
            if command.instance_id in self.ended:
                return Rejected(code="000005", message="expired before")
            self.ended.add(command.instance_id)
        return super()._outcome(version, command, request, **rest)


@shop_mutant("depends_on_order", LIFE, protocols=ISSUING)
class ReleasesAfterARenewal(Middleman):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.renewed: set[str] = set()

    def act(self, command, honest):
        if isinstance(command, Refresh):
            self.renewed.add(command.instance_id)
        if isinstance(command, Release) and command.instance_id not in self.renewed:
            raise Reject("000005", "the licence was never activated")
        return honest(command)


@shop_mutant("repeat_refused", ONCE, protocols=(ONLINE,))
class IssuesOnce(Middleman):
    """A repeated eventId is a duplicate key."""

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
    """A parser that ignores errors."""
    seller = any_seller(folder, protocol)

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        response = seller.respond(request, now, nonce)
        return Met(protocol, request, now, nonce).says("000000") if b"is not a" in response.body else response

    return answering


@mutant("twelve_hour_clock", TIME, protocols=(LICENSE, CODE, ONLINE))
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


@answer_mutant("http_500_for_unknown_instance", LIFE, protocols=(LICENSE, CODE, ONLINE))
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
    """``SELECT … FOR UPDATE NOWAIT``: the second of two is refused while the first is in progress."""
    seller = any_seller(folder, protocol)
    rows: dict[str, Lock] = {}
    crowd = Crowd()

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        met = Met(protocol, request, now, nonce)
        row = rows.setdefault(str(met.members.get("orderId")), Lock())
        crowd.arrive()
        if not row.acquire(blocking=False):
            return met.says("000005")
        try:
            crowd.stay()
            return seller.respond(request, now, nonce)
        finally:
            row.release()

    return answering


@mutant("missing_activity", SHAPE, "debug", protocols=(LICENSE, ONLINE))
def no_refresh(folder: Path, protocol: str) -> Answering:
    seller = any_seller(folder, protocol)
    del seller._handlers[Refresh]
    return seller.respond
