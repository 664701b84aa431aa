"""Whatever stopped can be restarted: the seller is asked the very same again, and it goes on to its end (saas-v2 §7)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.factories import NOW
from tests.market.fulfilment.given_back import taken_back
from tests.market.fulfilment.services import again, command, done, failed, open_call, renewed, service
from tradepost.market.fulfilment.by_operator import freeze, lift, release
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.restart import may_restart, restart
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
BY, WHY = "operator@market.example", "It sends spam."


def _frozen(held: Subscription) -> None:
    freeze(held, reason=WHY, actor=BY, now=NOW)


def _lifted(held: Subscription) -> None:
    _frozen(held)
    done(open_call())
    lift(held, reason="Mended.", actor=BY, now=NOW)


def _released(held: Subscription) -> None:
    release(held, reason=WHY, actor=BY, now=NOW)


def _renewed(held: Subscription) -> None:
    renewed(held)


def _taken_back(held: Subscription) -> None:
    renewed(held)
    done(open_call())
    taken_back(held, "cancel_renewal")


KINDS: dict[str, tuple[Callable[[Subscription], None], str]] = {
    "freeze": (_frozen, "frozen"), "unfreeze": (_lifted, "active"), "release": (_released, "released"),
    "renew": (_renewed, "active"), "cancel_renewal": (_taken_back, "active"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_what_stopped_is_asked_again_and_done(kind: str) -> None:
    held, (begin, status) = service(), KINDS[kind]
    begin(held)
    before = command(open_call())
    failed(open_call())
    operation = Operation.objects.select_related("call").get(kind=kind)
    assert (operation.status, may_restart(operation)) == ("stopped", True)
    restart(operation, actor="owner@seller.example", now=NOW)
    assert command(open_call()) == before
    done(open_call())
    operation.refresh_from_db()
    assert (operation.status, again(held).status) == ("done", status)
