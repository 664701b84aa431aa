"""A comparison with a real seller's server: what it lost, kept, changed, and what the repair makes of it (saas-v2 §3.2)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.market.fulfilment.compared_shop import BY, Kept, shop
from tests.waiting import until
from tradepost.market.base import clock
from tradepost.market.fulfilment.by_operator import release
from tradepost.market.fulfilment.models import Drift, Operation
from tradepost.market.fulfilment.repair import repair
from tradepost.market.payments.models import Transfer
from tradepost.market.production.models import Attempt, Call
from tradepost.market.subscriptions.lifecycle import access_data
from tradepost.market.subscriptions.models import Subscription

pytestmark = [pytest.mark.django_db(transaction=True)]


def drifts() -> list[tuple[str, str]]:
    return sorted(Drift.objects.filter(settled_at=None).values_list("what", "repair"))


def test_what_the_seller_lost_changed_and_kept_is_found_and_repaired(tmp_path: Path) -> None:
    with shop(tmp_path) as found:
        lost, changed, ended = found.held
        first = found.compared()
        assert (drifts(), first["asked"], first["no_answer"]) == ([], 3, 0)
        queries = Call.objects.filter(purpose="compare")
        assert queries.count() == 1, "three services are asked for in one query"
        assert not queries.exclude(sealed_answer="").exists(), "what was answered is not kept"

        release(ended, reason="Agreed.", actor=BY, now=clock.now())
        until(lambda: Subscription.objects.get(pk=ended.pk).status == "released", what="it is released")
        found.change("DELETE FROM instance WHERE instance_id = ?", lost.instance_id)
        found.change("UPDATE instance SET state = 'active' WHERE instance_id = ?", ended.instance_id)
        found.change("DELETE FROM work WHERE key LIKE ?", f"release%{ended.instance_id}")
        Kept.changed = {changed.instance_id}
        money = list(Transfer.objects.values())
        found.compared()
        assert drifts() == [("access", "take_access"), ("gone", "person"), ("left", "release")]
        assert "somebody-else" not in str(list(Drift.objects.values()))

        for one in Drift.objects.exclude(repair="person"):
            operation = repair(one, actor=BY, now=clock.now())
            assert operation is not None
            assert (operation.origin, operation.actor) == ("operator", BY)
        until(lambda: not Operation.objects.exclude(status="done").exists(), what="the repairs are done")
        access = access_data(Subscription.objects.get(pk=changed.pk))
        assert access is not None
        assert access.user_name == "somebody-else"
        found.compared()
        assert drifts() == [("gone", "person")]
        assert list(Transfer.objects.values()) == money, "money is never touched"


def test_a_seller_that_does_not_answer_settles_nothing_and_is_asked_once(tmp_path: Path) -> None:
    with shop(tmp_path, services=1) as found:
        [held] = found.held
        found.change("DELETE FROM instance WHERE instance_id = ?", held.instance_id)
        found.compared()
        assert drifts() == [("gone", "person")]
        address = held.product.binding.address
        type(address).objects.filter(pk=address.pk).update(url="http://127.0.0.1:9/produce")
        tries = Attempt.objects.filter(call__purpose="compare").count()
        result = found.compared()
        assert (result["asked"], result["no_answer"], result["settled"]) == (1, 1, 0)
        assert Attempt.objects.filter(call__purpose="compare").count() == tries + 1
        assert drifts() == [("gone", "person")]
        address.refresh_from_db()
        assert (address.failures, address.breaker) == (0, "closed"), "it is not held against the address"


def test_what_ended_long_ago_is_asked_for_no_more(tmp_path: Path) -> None:
    with shop(tmp_path, services=1) as found:
        [held] = found.held
        release(held, reason="Agreed.", actor=BY, now=clock.now())
        until(lambda: Subscription.objects.get(pk=held.pk).status == "released", what="it is released")
        assert found.compared()["asked"] == 1
        old = clock.now() - timedelta(days=91)
        Operation.objects.update(created_at=old, ended_at=old)
        assert found.compared()["asked"] == 0
