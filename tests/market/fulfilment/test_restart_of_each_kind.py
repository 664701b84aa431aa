"""Every stopped operation can be restarted: the same call is made again, and the operation completes (saas-v2 §7)."""

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


def _frozen(subscription: Subscription) -> None:
    freeze(subscription, reason=WHY, actor=BY, now=NOW)


def _lifted(subscription: Subscription) -> None:
    _frozen(subscription)
    done(open_call())
    lift(subscription, reason="Mended.", actor=BY, now=NOW)


def _released(subscription: Subscription) -> None:
    release(subscription, reason=WHY, actor=BY, now=NOW)


def _renewed(subscription: Subscription) -> None:
    renewed(subscription)


def _taken_back(subscription: Subscription) -> None:
    renewed(subscription)
    done(open_call())
    taken_back(subscription, "cancel_renewal")


KINDS: dict[str, tuple[Callable[[Subscription], None], str]] = {
    "freeze": (_frozen, "frozen"), "unfreeze": (_lifted, "active"), "release": (_released, "released"),
    "renew": (_renewed, "active"), "cancel_renewal": (_taken_back, "active"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_operation_repeats_its_call_and_completes(kind: str) -> None:
    subscription, (begin, status) = service(), KINDS[kind]
    begin(subscription)
    before = command(open_call())
    failed(open_call())
    operation = Operation.objects.select_related("call").get(kind=kind)
    assert (operation.status, may_restart(operation)) == ("stopped", True)
    restart(operation, actor="owner@seller.example", now=NOW)
    assert command(open_call()) == before
    done(open_call())
    operation.refresh_from_db()
    assert (operation.status, again(subscription).status) == ("done", status)
