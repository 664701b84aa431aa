"""On demand and packages in the sandbox and at the end of a package: status, query and release, and nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.factories.products import ON_DEMAND, PACKAGE
from tests.market.debugging import answering
from tests.market.engine import answer, react
from tests.market.fulfilment.services import (
    FIRST_REMINDER,
    FREEZE,
    RELEASE,
    acts,
    again,
    begun,
    bought,
    command,
    done,
    failed,
    open_call,
    passes,
    tried,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.debugging.debug import delete_case
from tradepost.market.debugging.models import DebugCase
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.sandbox_acts import Act
from tradepost.market.fulfilment.sandbox_acts import tried as shown
from tradepost.market.fulfilment.timers import LIFE
from tradepost.market.fulfilment.unheard import not_asked
from tradepost.market.fulfilment.usage import Reported, reported_usage
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, InstanceInfo, InstanceStatus, Query, SetStatus, UsageInfo

pytestmark = pytest.mark.django_db


def metered(spoken: str = "saas_v2", *, proves_status: bool = True) -> tuple[Subscription, Subscription]:
    """What is on demand, and a package of it, at a seller that speaks this protocol. ``proves_status``: it saved a case of
    updateInstanceStatus, which SaaS 2.0 does not require of it."""
    seller, buyer = make_seller(), make_buyer()
    product = make_product(seller, address=make_address(seller, protocol=spoken), prices=(ON_DEMAND, PACKAGE))
    if proves_status and spoken == "saas_v2":
        answering.answer(answering.tried(product.binding.address, "updateInstanceStatus"), now=NOW)
    opened = bought(make_order(buyer, offer=make_offer(product), paid=True))
    return opened, bought(make_order(buyer, offer=make_offer(product, mode="ON_DEMAND_PKG"), paid=True))


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_what_is_charged_by_usage_can_be_frozen_queried_and_released_but_not_renewed(spoken: str) -> None:
    """saas-v2 §1.4, saas-v1-license A2: new, query, status and release; business-rules §3.2, §4.5: not renewable."""
    for one in metered(spoken):
        assert acts(one) == {Act.FREEZE, Act.QUERY, Act.RELEASE}
        tried(one, Act.FREEZE)
        assert command(open_call()) == SetStatus(instance_id=one.instance_id, status=InstanceStatus.FREEZE)
        done(open_call())
        assert acts(one) == {Act.UNFREEZE, Act.QUERY, Act.RELEASE}
        with pytest.raises(Refused, match=r"sandbox\.impossible"):
            tried(one, Act.RENEW)


def test_a_freeze_is_told_only_to_a_seller_that_has_the_interface() -> None:
    """business-rules §17.4: "ask for status and update when the seller saved a case for them; freeze only where status is
    implemented". Access closes all the same; a lift then has nothing to say, and a case that is saved later counts."""
    opened, _package = metered(proves_status=False)
    assert begun(opened, Act.FREEZE) is None
    assert again(opened).status == "frozen"
    assert not Call.objects.filter(kind="SetStatus").exists()
    assert not Operation.objects.filter(kind="freeze").exists()
    assert not_asked([again(opened)]) == {opened.pk: "updateInstanceStatus"}
    assert begun(opened, Act.UNFREEZE) is None
    assert again(opened).status == "active"
    assert not_asked([again(opened)]) == {}

    address = opened.product.binding.address
    answering.answer(answering.tried(address, "updateInstanceStatus"), now=NOW)
    tried(opened, Act.FREEZE)
    done(open_call())
    assert not_asked([again(opened)]) == {}
    delete_case(DebugCase.objects.get(address=address))
    tried(opened, Act.UNFREEZE)
    assert command(open_call()) == SetStatus(instance_id=opened.instance_id, status=InstanceStatus.UNFREEZE)


def test_a_query_is_asked_once_and_shows_the_usage_that_the_seller_answers() -> None:
    """saas-v2 §3.2: a package answers the instance it is deducted from; the latest answer counts."""
    opened, package = metered()
    assert reported_usage([opened, package]) == {}
    used = UsageInfo(value=Decimal(0), at=NOW)
    for value in ("1", "7.5"):
        tried(package, Act.QUERY)
        call = open_call()
        assert command(call) == Query(instance_ids=(package.instance_id,))
        assert call.give_up_at == NOW
        used = UsageInfo(value=Decimal(value), at=NOW, related_instance_id=opened.instance_id)
        answer(call, Done(instances=(InstanceInfo(instance_id=package.instance_id, usage=(used,)),)), now=NOW)
        react(now=NOW)
    tried(opened, Act.QUERY)
    done(open_call())
    assert reported_usage([opened, package]) == {package.pk: Reported(NOW, (used,)), opened.pk: Reported(NOW, ())}
    assert again(package).status == Subscription.Status.ACTIVE
    assert [row.usage and row.usage.entries for row in shown(package.seller).rows] == [(used,), ()]


def test_a_query_that_fails_is_over_and_can_be_asked_again() -> None:
    """Somebody waits for the answer: nothing is tried for hours, and nothing waits for a restart."""
    _opened, package = metered()
    operation = tried(package, Act.QUERY)
    failed(open_call())
    operation.refresh_from_db()
    assert (operation.status, again(package).status) == (Operation.Status.GAVE_UP, "active")
    assert Act.QUERY in acts(package)


def test_what_a_package_is_deducted_from_is_released_after_the_package() -> None:
    """business-rules §3.2: a package requires on demand."""
    opened, package = metered()
    with pytest.raises(Refused, match=r"sandbox\.package"):
        tried(opened, Act.RELEASE)
    assert not Call.objects.filter(kind="Release").exists()
    second = bought(make_order(opened.buyer, offer=opened.offer, paid=True))
    for one in (second, package, opened):
        tried(one, Act.RELEASE)
        done(open_call())
        assert again(one).status == Subscription.Status.RELEASED


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_a_package_whose_validity_ends_is_frozen_by_its_status_and_later_released(spoken: str) -> None:
    """saas-v1-license A2.7: instanceStatus tells the expiry of a package; business-rules §4.4: grace, then retention."""
    opened, package = metered(spoken)
    assert set(Job.objects.filter(kind=LIFE).values_list("key", "due_at")) == {(str(package.pk), FIRST_REMINDER)}
    passes(FREEZE)
    assert again(package).status == "frozen"
    assert command(open_call()) == SetStatus(instance_id=package.instance_id, status=InstanceStatus.FREEZE)
    done(open_call(), now=FREEZE)
    passes(RELEASE)
    assert open_call().kind == "Release"
    done(open_call(), now=RELEASE)
    assert (again(package).status, again(opened).status) == ("released", "active")
