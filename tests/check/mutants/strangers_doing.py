"""Mutants that handle orders and instances wrongly, in ways that only some orders or some moments show."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tradepost.kit import Create, Query, Refresh, Reject, Release, SetStatus
from tradepost.protocols import registry
from tradepost.protocols.commands import Command, Done, Outcome, Rejected
from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Request, Response
from tradepost.protocols.saas_v2.fields import ACTIVITIES

from .any_shop import AnySeller
from .crowd import Crowd
from .debug_calls import _Deaf
from .definition import ISSUING, LICENSE, ONLINE, V1, V2, Answering, Shop, mutant, shop_mutant, wire_mutant
from .every_protocol import Met
from .joint_kits import Judge, kit_mutant, real
from .spelled import SpelledV1, SpelledV2
from .twice import Middleman, _Crowded

ONCE, LIFE, LOAD, DEBUG, SHAPE, TIME = "idempotency", "lifecycle", "load", "debug", "shape", "time"
BOTH = (V2, V1)


# --- creation --------------------------------------------------------------------------------------------------------


@shop_mutant("memories_differ", ONCE, protocols=(*BOTH, *ISSUING))
class TwoNodesWithOwnTables(Middleman):
    """A load balancer alternates between nodes with separate databases."""

    turn = 0

    def act(self, command, honest):
        if isinstance(command, Create):
            self.turn += 1
            node = self.turn % 2
            command = replace(
                command, order_id=f"{command.order_id}@{node}", business_id=f"{command.business_id[:-2]}@{node}"
            )
        return honest(command)


@shop_mutant("ids_collide", ONCE, protocols=(*BOTH, *ISSUING))
class IdsOfAShortHash(Middleman):
    """The tenth order collides with the ninth: two buyers, one instance."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.orders: dict[str, Create] = {}

    def act(self, command, honest):
        if isinstance(command, Create):
            if command.order_id not in self.orders:
                ninth = list(self.orders.values())[8:9] if len(self.orders) == 9 else []
                self.orders[command.order_id] = ninth[0] if ninth else command
            first = self.orders[command.order_id]
            if first.order_id != command.order_id:
                command = first
        return honest(command)


@shop_mutant("refuses_longest_value", SHAPE)
class OrderColumnOf40(Middleman):
    """Without strict mode a longer order id is cut, and ids with the same prefix are the same order."""

    def act(self, command, honest):
        if isinstance(command, Create):
            command = replace(command, order_id=command.order_id[:40], order_line_id=command.order_line_id[:40])
        return honest(command)


@shop_mutant("missing_field", ONCE, protocols=(LICENSE,))
class LicenseIsToldOnce(AnySeller):
    """The license is not stored, so a repeat has none to return."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.told: set[str] = set()

    def _answer(self, version, command, outcome, nonce):
        response = super()._answer(version, command, outcome, nonce)
        if isinstance(command, Create) and not command.test and isinstance(outcome, Done):
            if command.order_id in self.told:
                from .answer_signing import compact, members_of, signed_over

                members = {**members_of(response), "license": None}
                return signed_over(response, compact(members), compact(members))
            self.told.add(command.order_id)
        return response


# --- life ------------------------------------------------------------------------------------------------------------


@wire_mutant("status_of_other_version", LIFE)
class ExpectsNormal(SpelledV2):
    """Ported from SaaS 1.0."""

    def command(self, members: dict[str, object]) -> Command:
        if members.get("activity") == ACTIVITIES[SetStatus]:
            if members.get("status") == "UNFREEZE":
                raise Denied("000002", "status must be FREEZE or NORMAL")
            if members.get("status") == "NORMAL":
                members = {**members, "status": "UNFREEZE"}
        return super().command(members)


@wire_mutant("status_of_other_version", LIFE)
class ExpectsUnfreeze(SpelledV1):
    """Written from the pages of SaaS 2.0."""

    def command(self, parameters: dict[str, str], key: str) -> Command:
        if parameters.get("instanceStatus") == "NORMAL":
            raise Denied("000002", "instanceStatus must be FREEZE or UNFREEZE")
        if parameters.get("instanceStatus") == "UNFREEZE":
            parameters = {**parameters, "instanceStatus": "NORMAL"}
        return super().command(parameters, key)


@wire_mutant("requires_optional_field", LIFE)
class ReleaseNeedsAnOrder(SpelledV2):
    def command(self, members: dict[str, object]) -> Command:
        if members.get("activity") == ACTIVITIES[Release] and not members.get("orderId"):
            raise Denied("000002", "orderId is missing")
        return super().command(members)


@wire_mutant("requires_optional_field", LIFE)
class RenewalNeedsAProduct(SpelledV2):
    def command(self, members: dict[str, object]) -> Command:
        if members.get("activity") == ACTIVITIES[Refresh] and not members.get("productId"):
            raise Denied("000002", "productId is missing")
        return super().command(members)


@wire_mutant("refuses_correct_request", LIFE)
class KnowsNoTrial(SpelledV1):
    """trialToFormal is in the table, and was never tested (saas-v1-license A2.3)."""

    def command(self, parameters: dict[str, str], key: str) -> Command:
        if parameters.get("trialToFormal") == "1":
            raise Denied("000002", "unknown value of trialToFormal")
        return super().command(parameters, key)


@wire_mutant("refuses_correct_request", LIFE)
class AmountsAreNeverNegative(SpelledV1):
    """A cancelled renewal has a negative amount (saas-v1-license A2.3)."""

    def command(self, parameters: dict[str, str], key: str) -> Command:
        if parameters.get("orderAmount", "").startswith("-"):
            raise Denied("000002", "orderAmount must be 0 or more")
        return super().command(parameters, key)


@shop_mutant("released_still_answers", LIFE, protocols=BOTH)
class CachesQueries(Middleman):
    """Answers are cached for an hour, and a release does not invalidate the cache."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.cache: dict[tuple[str, ...], Outcome] = {}

    def act(self, command, honest):
        if not isinstance(command, Query):
            return honest(command)
        if command.instance_ids not in self.cache:
            outcome = honest(command)
            if not isinstance(outcome, Done):
                return outcome
            self.cache[command.instance_ids] = outcome
        return self.cache[command.instance_ids]


@shop_mutant("sql_in_text", SHAPE, protocols=BOTH)
class FindsWithLike(Middleman):
    """``WHERE id LIKE …``: a percent sign matches everything."""

    def act(self, command, honest):
        if isinstance(command, Query) and command.instance_ids == ("%",):
            outcome = honest(Query(instance_ids=self.known))
            return replace(outcome, instances=(replace(outcome.instances[0], instance_id="%"),))
        if isinstance(command, Query) and isinstance(found := honest(command), Done):
            self.known = command.instance_ids[:1]
            return found
        return honest(command)

    known: tuple[str, ...] = ()


# --- test calls ------------------------------------------------------------------------------------------------------


@shop_mutant("test_flag_refused", DEBUG, protocols=BOTH)
class TestQueriesLookForReal(_Deaf):
    kinds = (Query,)


@shop_mutant("test_flag_refused", DEBUG, protocols=BOTH)
class TestRenewalsLookForReal(_Deaf):
    kinds = (Refresh,)


@shop_mutant("test_flag_refused", DEBUG, protocols=(V2, ONLINE))
class TestFreezesLookForReal(_Deaf):
    kinds = (SetStatus,)


# --- moments ---------------------------------------------------------------------------------------------------------


@shop_mutant("dates_mixed_up", TIME, protocols=BOTH)
class OneParserOfDatesForAllThreads(_Crowded):
    """A static SimpleDateFormat: NumberFormatException under parallel calls."""

    def act(self, command, honest):
        if not isinstance(command, Refresh):
            return honest(command)
        return super().act(command, honest)

    def crowded(self, number: int) -> Outcome | None:
        return Rejected(code="000002", message="multiple points") if number > 2 else None


@shop_mutant("dates_mixed_up", TIME)
class RenewalInAFieldOfTheClass(Middleman):
    """No request fails, but the last one sets the date of all."""

    latest: Refresh | None = None

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.crowd = Crowd()

    def act(self, command, honest):
        if isinstance(command, Refresh):
            self.latest = command
            self.crowd.meet()
            return honest(replace(command, expires_at=self.latest.expires_at))
        return honest(command)


@shop_mutant("wears_out", LOAD)
class ConnectionsAreNotGivenBack(Middleman):
    """Each call takes one from the pool, and the pool has 70."""

    taken = 0

    def act(self, command, honest):
        self.taken += 1
        if self.taken > 70:
            raise Reject("000005", "Timeout waiting for connection from pool")
        return honest(command)


# --- joint operation -------------------------------------------------------------------------------------------------


@kit_mutant("wrong_charset", LIFE)
def tables_in_latin_1() -> Judge:
    """Signatures are valid, but the table cannot store Chinese."""
    return lambda met, _: "" if _plain(met) or not real(met) else "000005"


def _plain(met: Met) -> bool:
    return all(str(met.members.get(name, "")).isascii() for name in ("name", "orgName"))


@kit_mutant("refuses_correct_request", LIFE)
def the_head_needs_a_parent() -> Judge:
    """A foreign key: parentCode is empty for a top-level department (§A.8)."""
    return lambda met, operation: (
        "000005" if operation == "singleOrgSync" and real(met) and not met.members.get("parentCode") else ""
    )


@kit_mutant("refuses_correct_request", LIFE, protocols=("joint_kit_v2",))
def flags_are_texts() -> Judge:
    """``flag === "2"`` is never true."""
    return lambda met, operation: "000002" if operation == "singleOrgSync" and met.members.get("flag") == 2 else ""


@mutant("short_queue", LOAD, timeout=0.8, one_thread=True, warned=True)
def room_for_one_to_wait(folder: Path, protocol: str) -> Answering:
    """A development server: connections are refused while it works."""
    shop = Shop(folder, registry.protocol(protocol))

    def answering(request: Request, now: datetime, nonce: str) -> Response:
        time.sleep(0.01)
        return shop.respond(request, now, nonce)

    return answering
