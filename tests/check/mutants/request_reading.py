"""Mutants that read requests too strictly or too loosely (saas-v2 §3.0)."""

from __future__ import annotations

from tradepost.protocols.commands import Command, Refresh, Rejected, Release, SetStatus
from tradepost.protocols.contract import Denied
from tradepost.protocols.http import Request
from tradepost.protocols.saas_v2.fields import ACTIVITIES, REQUESTS

from .definition import V1, V2, Shop, shop_mutant, wire_mutant
from .spelled import SpelledV1, SpelledV2

SHAPE, WIRE = "shape", "wire"
BOTH = (V2, V1)


@wire_mutant("success_for_unknown_activity", SHAPE)
class UnknownActivityIsFine(SpelledV2):
    """The list of branches ends with the answer of success."""

    def command(self, members: dict[str, object]) -> Command:
        if members.get("activity") not in ACTIVITIES.values():
            members = {"activity": "queryInstance", "instanceId": "any", "testFlag": "1"}
        return super().command(members)


@wire_mutant("success_for_unknown_activity", SHAPE)
class UnknownActivityIsFineV1(SpelledV1):
    def command(self, parameters: dict[str, str], key: str) -> Command:
        if parameters.get("activity") not in self.activities.values():
            parameters = {**parameters, "activity": "queryInstance", "instanceId": "any", "testFlag": "1"}
        return super().command(parameters, key)


@wire_mutant("refuses_unknown_fields", WIRE, SHAPE)
class RefusesUnknownFields(SpelledV2):
    """A deserialiser that fails on unknown properties; the signature is valid."""

    def command(self, members: dict[str, object]) -> Command:
        found = super().command(members)
        if not members.keys() <= {field.name for field in REQUESTS[type(found)]}:
            raise Denied("000002", "unknown property")
        return found


@wire_mutant("accepts_missing_field", SHAPE)
class FieldsAreOptional(SpelledV2):
    def command(self, members: dict[str, object]) -> Command:
        invented = {"orderId": "o", "orderLineId": "l", "businessId": "b", "instanceId": "i", "status": "FREEZE"}
        invented |= {"scene": "RENEWAL", "expireTime": "20300101000000"}
        try:
            return super().command(members)
        except Denied:
            if members.get("activity") not in ACTIVITIES.values():
                raise
            lacking = {name: value for name, value in invented.items() if not members.get(name)}
            if not lacking:
                raise
            return super().command({**members, **lacking, "testFlag": "1"})


@wire_mutant("accepts_bad_value", SHAPE, "lifecycle")
class OtherStatusMeansUnfreeze(SpelledV2):
    """``if status == "FREEZE" … else …``"""

    def command(self, members: dict[str, object]) -> Command:
        if members.get("activity") == "updateInstanceStatus" and members.get("status") != "FREEZE":
            members["status"] = "UNFREEZE"
        return super().command(members)


@wire_mutant("accepts_not_json", SHAPE, WIRE)
class BrokenJsonIsATest(SpelledV2):
    def members(self, request: Request) -> dict[str, object]:
        try:
            return super().members(request)
        except Denied:
            return {"activity": "queryInstance", "instanceId": "any", "testFlag": "1"}


@wire_mutant("refuses_longest_value", SHAPE, WIRE)
class ColumnsOf32Characters(SpelledV2):
    def command(self, members: dict[str, object]) -> Command:
        if any(isinstance(value, str) and len(value) > 40 for value in members.values()):
            raise Denied("000002", "value too long for type character varying(40)")
        return super().command(members)


@wire_mutant("refuses_correct_request", SHAPE)
class WantsSpecialCharactersOut(SpelledV2):
    """A firewall against SQL injection: two hyphens or a quote are refused; ids have hyphens."""

    def command(self, members: dict[str, object]) -> Command:
        if str(members.get("orderLineId", "")).count("-"):
            raise Denied("000002", "illegal characters")
        return super().command(members)


@shop_mutant("other_result_code", SHAPE, "signature", protocols=BOTH)
class EveryRefusalIs000005(Shop):
    def _answer(self, version, command, outcome, nonce):
        if isinstance(outcome, Rejected):
            outcome = Rejected(code="000005", message=outcome.message)
        return super()._answer(version, command, outcome, nonce)


class _Without(Shop):
    left_out: type[Command]

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        del self._handlers[self.left_out]


@shop_mutant("missing_activity", SHAPE, "lifecycle", "debug", protocols=BOTH)
class NoRefresh(_Without):
    left_out = Refresh


@shop_mutant("missing_activity", SHAPE, "lifecycle", "debug", protocols=BOTH)
class NoFreeze(_Without):
    left_out = SetStatus


@shop_mutant("missing_activity", SHAPE, "lifecycle", "debug")
class NoRelease(_Without):
    left_out = Release
