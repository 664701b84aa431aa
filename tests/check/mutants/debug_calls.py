"""Mutants that do not distinguish test calls from real ones (saas-v2 §3.0, testFlag)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tradepost.kit import Create
from tradepost.protocols.commands import Command, Done, Outcome, Rejected, Release
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.http import Request

from .definition import V1, V2, Shop, shop_mutant, wire_mutant
from .spelled import SpelledV1, SpelledV2

DEBUG = "debug"
BOTH = (V2, V1)


class _Deaf(Shop):
    """Treat test calls of some kinds as real."""

    kinds: tuple[type[Command], ...] = (Command,)

    def _outcome(self, version: SellerProtocol, command: Command, request: Request, **rest: Any) -> Outcome:
        if isinstance(command, self.kinds):
            command = replace(command, test=False)
        return super()._outcome(version, command, request, **rest)


@shop_mutant("test_flag_creates", DEBUG, protocols=BOTH)
class TestCallsCreate(_Deaf):
    kinds = (Create,)


@shop_mutant("test_flag_acts", DEBUG, protocols=BOTH)
class TestCallsRelease(_Deaf):
    kinds = (Release,)

    def _outcome(self, version, command, request, **rest):
        known = isinstance(command, Release) and self.store.find(command.instance_id) is not None
        if known:
            return super()._outcome(version, command, request, **rest)
        return Shop._outcome(self, version, command, request, **rest)


@shop_mutant("test_flag_refused", DEBUG, protocols=BOTH)
class TestCallsAreSwitchedOff(Shop):
    """Test calls have no effect and are answered accordingly."""

    def _outcome(self, version, command, request, **rest):
        if command.test:
            return Rejected(code="000005", message="this is the production server")
        return super()._outcome(version, command, request, **rest)


@shop_mutant("test_flag_claims_order", DEBUG, protocols=BOTH)
class TestCallsClaimTheOrder(Shop):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.claimed: dict[tuple[str, str], str] = {}

    def _outcome(self, version, command, request, **rest):
        if isinstance(command, Create):
            order = (command.order_id, command.order_line_id)
            if command.test:
                self.claimed.setdefault(order, command.business_id)
            elif order in self.claimed:
                return Done(instance_id=self.claimed[order])
        return super()._outcome(version, command, request, **rest)


@wire_mutant("test_flag_zero", DEBUG)
class AnyFlagIsATest(SpelledV2):
    def command(self, members: dict[str, object]) -> Command:
        found = super().command(members)
        return replace(found, test=True) if "testFlag" in members else found


@wire_mutant("test_flag_zero", DEBUG)
class AnyFlagIsATestV1(SpelledV1):
    def command(self, parameters: dict[str, str], key: str) -> Command:
        found = super().command(parameters, key)
        return replace(found, test=True) if "testFlag" in parameters else found
