"""Comparison with a real seller's server: lost, kept and changed services, and their repair (saas-v2 §3.2)."""

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


def stored_differences() -> list[tuple[str, str]]:
    return sorted(Drift.objects.filter(settled_at=None).values_list("what", "repair"))


@pytest.mark.slow
def test_lost_changed_and_kept_services_are_found_and_repaired(tmp_path: Path) -> None:
    with shop(tmp_path) as seller_shop:
        lost_service, changed_service, ended_service = seller_shop.subscriptions
        first = seller_shop.run_comparison()
        assert (stored_differences(), first["asked"], first["no_answer"]) == ([], 3, 0)
        queries = Call.objects.filter(purpose="compare")
        assert queries.count() == 1, "one query for three services"
        assert not queries.exclude(sealed_answer="").exists(), "the answer is not stored"

        release(ended_service, reason="Agreed.", actor=BY, now=clock.now())
        until(lambda: Subscription.objects.get(pk=ended_service.pk).status == "released", what="it is released")
        seller_shop.change("DELETE FROM instance WHERE instance_id = ?", lost_service.instance_id)
        seller_shop.change("UPDATE instance SET state = 'active' WHERE instance_id = ?", ended_service.instance_id)
        seller_shop.change("DELETE FROM work WHERE key LIKE ?", f"release%{ended_service.instance_id}")
        Kept.changed = {changed_service.instance_id}
        money = list(Transfer.objects.values())
        seller_shop.run_comparison()
        assert stored_differences() == [("access", "take_access"), ("gone", "person"), ("left", "release")]
        assert "somebody-else" not in str(list(Drift.objects.values()))

        for drift in Drift.objects.exclude(repair="person"):
            operation = repair(drift, actor=BY, now=clock.now())
            assert operation is not None
            assert (operation.origin, operation.actor) == ("operator", BY)
        until(lambda: not Operation.objects.exclude(status="done").exists(), what="the repairs are done")
        access = access_data(Subscription.objects.get(pk=changed_service.pk))
        assert access is not None
        assert access.user_name == "somebody-else"
        seller_shop.run_comparison()
        assert stored_differences() == [("gone", "person")]
        assert list(Transfer.objects.values()) == money, "a comparison never moves money"


@pytest.mark.slow
def test_unreachable_seller_is_queried_once_and_settles_nothing(tmp_path: Path) -> None:
    with shop(tmp_path, services=1) as seller_shop:
        [subscription] = seller_shop.subscriptions
        seller_shop.change("DELETE FROM instance WHERE instance_id = ?", subscription.instance_id)
        seller_shop.run_comparison()
        assert stored_differences() == [("gone", "person")]
        address = subscription.product.binding.address
        type(address).objects.filter(pk=address.pk).update(url="http://127.0.0.1:9/produce")
        tries = Attempt.objects.filter(call__purpose="compare").count()
        result = seller_shop.run_comparison()
        assert (result["asked"], result["no_answer"], result["settled"]) == (1, 1, 0)
        assert Attempt.objects.filter(call__purpose="compare").count() == tries + 1
        assert stored_differences() == [("gone", "person")]
        address.refresh_from_db()
        assert (address.failures, address.breaker) == (0, "closed"), "it does not count against the address"


@pytest.mark.slow
def test_services_that_ended_long_ago_are_not_queried(tmp_path: Path) -> None:
    with shop(tmp_path, services=1) as seller_shop:
        [subscription] = seller_shop.subscriptions
        release(subscription, reason="Agreed.", actor=BY, now=clock.now())
        until(lambda: Subscription.objects.get(pk=subscription.pk).status == "released", what="it is released")
        assert seller_shop.run_comparison()["asked"] == 1
        old = clock.now() - timedelta(days=91)
        Operation.objects.update(created_at=old, ended_at=old)
        assert seller_shop.run_comparison()["asked"] == 0
