"""Sync calls that end as the engine ends them, and what a seller makes of them."""

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
    """The call that its seller is about to get."""
    run = Sync.objects.select_related("call").filter(binding=binding, status=Sync.Status.RUNNING).first()
    return run.call if run else None


def command_of(call: Call) -> Command:
    return calls.load(call.kind, call.command)


def tell_next(
    binding: TenantBinding, view: SellersView | None = None, *, result: CallResult | None = None, now: datetime = NOW
) -> Command | None:
    """The seller gets the next call, does it and says so; with a ``result`` that is none, its plan is over. None: there is none."""
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
    """The next call fails, and it was the last retry."""
    Sync.objects.filter(binding=binding, status=Sync.Status.RUNNING).update(tries=1, give_up_at=now)
    tell_next(binding, view, result=result, now=now)


def tell_all(binding: TenantBinding, view: SellersView | None = None, *, now: datetime = NOW) -> list[Command]:
    """Until there is nothing more to tell."""
    told = []
    react(now=now)
    while (command := tell_next(binding, view, now=now)) is not None:
        told.append(command)
        assert len(told) < 1000
    return told


def names(commands: list[Command]) -> list[str]:
    """As ``SyncAuth·1·500``: the call, its flag, how many people."""
    return [
        "·".join(
            str(part)
            for part in (type(one).__name__, getattr(one, "flag", None), len(getattr(one, "users", ())) or None)
            if part is not None
        )
        for one in commands
    ]
