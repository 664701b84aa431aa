"""On demand and packages by hand and at the end of a package: status, query and release, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.buying import make_subscription
from tests.factories.products import ON_DEMAND, PACKAGE
from tests.market.fulfilment.test_by_hand import BY, END, acts, again, command, end
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.secrets import seal
from tradepost.market.fulfilment import by_hand, expiry
from tradepost.market.fulfilment.acts import Act, trials
from tradepost.market.fulfilment.usage import Reported, reported_usage
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.market.subscriptions.renewable import RETENTION
from tradepost.protocols.commands import Done, InstanceInfo, InstanceStatus, Query, SetStatus, UsageInfo

pytestmark = pytest.mark.django_db


def metered(spoken: str = "saas_v2") -> tuple[Subscription, Subscription]:
    """What is on demand, and a package of it, at a seller that speaks this protocol."""
    seller, buyer = make_seller(), make_buyer()
    product = make_product(seller, address=make_address(seller, protocol=spoken), prices=(ON_DEMAND, PACKAGE))
    opened = make_subscription(make_order(buyer, offer=make_offer(product), paid=True))
    package = make_order(buyer, offer=make_offer(product, mode="ON_DEMAND_PKG"), paid=True)
    return opened, make_subscription(package)


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_what_is_charged_by_usage_can_be_frozen_queried_and_released_but_not_renewed(spoken: str) -> None:
    """saas-v2 §1.4, saas-v1-license A2: new, query, status and release; business-rules §3.2, §4.5: not renewable."""
    for one in metered(spoken):
        assert acts(one) == {Act.FREEZE, Act.QUERY, Act.RELEASE}
        call = by_hand.freeze(one, now=NOW)
        assert command(call) == SetStatus(instance_id=one.instance_id, status=InstanceStatus.FREEZE)
        end(call)
        assert acts(one) == {Act.UNFREEZE, Act.QUERY, Act.RELEASE}
        with pytest.raises(Refused, match=r"by_hand\.impossible"):
            by_hand.renew(one, actor=BY, now=NOW)


def test_a_query_by_hand_is_asked_once_and_shows_the_usage_that_the_seller_answers() -> None:
    """saas-v2 §3.2: a package answers the instance it is deducted from; the latest answer counts."""
    opened, package = metered()
    assert reported_usage([opened, package]) == {}
    used = UsageInfo(value=Decimal(0), at=NOW)
    for value in ("1", "7.5"):
        call = by_hand.query(package, now=NOW)
        assert command(call) == Query(instance_ids=(package.instance_id,))
        assert call.give_up_at == NOW
        used = UsageInfo(value=Decimal(value), at=NOW, related_instance_id=opened.instance_id)
        answer = Done(instances=(InstanceInfo(instance_id=package.instance_id, usage=(used,)),))
        Call.objects.filter(pk=call.pk).update(sealed_answer=seal(msgspec.json.encode(answer).decode()))
        end(call)
    silent = by_hand.query(opened, now=NOW)
    end(silent)
    assert reported_usage([opened, package]) == {package.pk: Reported(NOW, (used,)), opened.pk: Reported(NOW, ())}
    assert again(package).status == Subscription.Status.ACTIVE
    assert [trial.usage and trial.usage.entries for trial in trials(package.seller).rows] == [(used,), ()]


def test_what_a_package_is_deducted_from_is_released_after_the_package() -> None:
    """business-rules §3.2: a package requires on demand."""
    opened, package = metered()
    with pytest.raises(Refused, match=r"by_hand\.package"):
        by_hand.release(opened, now=NOW)
    assert not Call.objects.filter(kind="Release").exists()
    second = make_subscription(make_order(opened.buyer, offer=opened.offer, paid=True))
    end(by_hand.release(second, now=NOW))
    end(by_hand.release(package, now=NOW))
    end(by_hand.release(opened, now=NOW))
    assert again(opened).status == Subscription.Status.RELEASED


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_a_package_whose_validity_ends_is_frozen_by_its_status_and_later_released(spoken: str) -> None:
    """saas-v1-license A2: instanceStatus tells the expiry of a package; business-rules §4.4: 15 days of retention."""
    opened, package = metered(spoken)
    for one in (opened, package):
        expiry.watch(one)
    timers = set(Job.objects.filter(kind=expiry.END_OF_PERIOD).values_list("key", "due_at"))
    assert timers == {(str(package.pk), END - expiry.NOTICE)}
    expiry.end_of_period({"subscription": package.pk}, END)
    asked = Call.objects.get()
    assert command(asked) == SetStatus(instance_id=package.instance_id, status=InstanceStatus.FREEZE)
    end(asked)
    expiry.end_of_retention({"subscription": package.pk}, END + RETENTION)
    released = Call.objects.get(kind="Release")
    end(released)
    assert again(package).status == Subscription.Status.RELEASED
    assert again(opened).status == Subscription.Status.ACTIVE
