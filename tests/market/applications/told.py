"""Sync calls that end as the engine ends them, and their effect at the seller."""

from __future__ import annotations

from datetime import datetime

from tests.factories import NOW
from tests.market.applications.sellers_view import SellersView
from tests.market.engine import LOST, answer, give_up, react
from tradepost.market.applications.models import Sync, TenantBinding
from tradepost.market.production import calls
from tradepost.market.production.models import Call
from tradepost.protocols.commands import CallResult, Command, Done


def waiting(binding: TenantBinding) -> Call | None:
    """Return the call that the seller gets next."""
    run = Sync.objects.select_related("call").filter(binding=binding, status=Sync.Status.RUNNING).first()
    return run.call if run else None


def command_of(call: Call) -> Command:
    return calls.load(call.kind, call.command)


def tell_next(
    binding: TenantBinding, view: SellersView | None = None, *, result: CallResult | None = None, now: datetime = NOW
) -> Command | None:
    """Deliver the next call: the seller applies and confirms it, or with another ``result`` its plan ends. None without
    a call."""
    call = waiting(binding)
    if call is None:
        return None
    command = command_of(call)
    if view is not None and (result is None or isinstance(result, Done) or result is LOST):
        view.do(command)
    if result is None:
        answer(call, Done(), now=now)
    else:
        give_up(call, result, now=now)
    react(now=now)
    return command


def stop(binding: TenantBinding, view: SellersView | None = None, *, result: CallResult, now: datetime = NOW) -> None:
    """The next call fails on its last retry."""
    Sync.objects.filter(binding=binding, status=Sync.Status.RUNNING).update(tries=1, give_up_at=now)
    tell_next(binding, view, result=result, now=now)


def tell_all(binding: TenantBinding, view: SellersView | None = None, *, now: datetime = NOW) -> list[Command]:
    """Deliver calls until none is left, and return them."""
    commands = []
    react(now=now)
    while (command := tell_next(binding, view, now=now)) is not None:
        commands.append(command)
        assert len(commands) < 1000
    return commands


def names(commands: list[Command]) -> list[str]:
    """Name each call as ``SyncAuth·1·500``: the call, its flag, the number of people."""
    return [
        "·".join(
            str(part)
            for part in (
                type(command).__name__,
                getattr(command, "flag", None),
                len(getattr(command, "users", ())) or None,
            )
            if part is not None
        )
        for command in commands
    ]
