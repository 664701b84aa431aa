"""On-demand services and packages in the sandbox, and the end of a package: only status, query and release."""

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
from tradepost.market.fulfilment.sandbox_acts import sandbox_services as shown
from tradepost.market.fulfilment.timers import LIFE
from tradepost.market.fulfilment.unheard import unsent_freezes
from tradepost.market.fulfilment.usage import ReportedUsage, reported_usage
from tradepost.market.production.models import Call
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import Done, InstanceInfo, InstanceStatus, Query, SetStatus, UsageInfo

pytestmark = pytest.mark.django_db


def metered(spoken: str = "saas_v2", *, proves_status: bool = True) -> tuple[Subscription, Subscription]:
    """An on-demand service and a package of it, whose seller speaks this protocol.

    ``proves_status``: the seller saved a case of updateInstanceStatus, which SaaS 2.0 does not require.
    """
    seller, buyer = make_seller(), make_buyer()
    product = make_product(seller, address=make_address(seller, protocol=spoken), prices=(ON_DEMAND, PACKAGE))
    if proves_status and spoken == "saas_v2":
        answering.answer(answering.tried(product.binding.address, "updateInstanceStatus"), now=NOW)
    on_demand = bought(make_order(buyer, offer=make_offer(product), paid=True))
    return on_demand, bought(make_order(buyer, offer=make_offer(product, mode="ON_DEMAND_PKG"), paid=True))


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_metered_service_can_be_frozen_queried_and_released_but_not_renewed(spoken: str) -> None:
    """saas-v2 §1.4, saas-v1-license A2: new, query, status and release; business-rules §3.2, §4.5: not renewable."""
    for subscription in metered(spoken):
        assert acts(subscription) == {Act.FREEZE, Act.QUERY, Act.RELEASE}
        tried(subscription, Act.FREEZE)
        assert command(open_call()) == SetStatus(instance_id=subscription.instance_id, status=InstanceStatus.FREEZE)
        done(open_call())
        assert acts(subscription) == {Act.UNFREEZE, Act.QUERY, Act.RELEASE}
        with pytest.raises(Refused, match=r"sandbox\.impossible"):
            tried(subscription, Act.RENEW)


def test_freeze_is_sent_only_to_sellers_with_the_interface() -> None:
    """business-rules §17.4: "ask for status and update when the seller saved a case for them; freeze only where status
    is implemented".

    Access closes in any case. The lift then sends nothing, and a case that is saved later counts.
    """
    on_demand, _package = metered(proves_status=False)
    assert begun(on_demand, Act.FREEZE) is None
    assert again(on_demand).status == "frozen"
    assert not Call.objects.filter(kind="SetStatus").exists()
    assert not Operation.objects.filter(kind="freeze").exists()
    assert unsent_freezes([again(on_demand)]) == {on_demand.pk: "updateInstanceStatus"}
    assert begun(on_demand, Act.UNFREEZE) is None
    assert again(on_demand).status == "active"
    assert unsent_freezes([again(on_demand)]) == {}

    address = on_demand.product.binding.address
    answering.answer(answering.tried(address, "updateInstanceStatus"), now=NOW)
    tried(on_demand, Act.FREEZE)
    done(open_call())
    assert unsent_freezes([again(on_demand)]) == {}
    delete_case(DebugCase.objects.get(address=address))
    tried(on_demand, Act.UNFREEZE)
    assert command(open_call()) == SetStatus(instance_id=on_demand.instance_id, status=InstanceStatus.UNFREEZE)


def test_query_is_sent_once_and_shows_the_usage() -> None:
    """saas-v2 §3.2: a package answers for the instance it is deducted from; the latest answer is shown."""
    on_demand, package = metered()
    assert reported_usage([on_demand, package]) == {}
    used = UsageInfo(value=Decimal(0), at=NOW)
    for value in ("1", "7.5"):
        tried(package, Act.QUERY)
        call = open_call()
        assert command(call) == Query(instance_ids=(package.instance_id,))
        assert call.give_up_at == NOW
        used = UsageInfo(value=Decimal(value), at=NOW, related_instance_id=on_demand.instance_id)
        answer(call, Done(instances=(InstanceInfo(instance_id=package.instance_id, usage=(used,)),)), now=NOW)
        react(now=NOW)
    tried(on_demand, Act.QUERY)
    done(open_call())
    assert reported_usage([on_demand, package]) == {
        package.pk: ReportedUsage(NOW, (used,)),
        on_demand.pk: ReportedUsage(NOW, ()),
    }
    assert again(package).status == Subscription.Status.ACTIVE
    assert [row.usage and row.usage.entries for row in shown(package.seller).rows] == [(used,), ()]


def test_failed_query_ends_and_can_be_repeated() -> None:
    """A person waits for the answer, so there are no retries for hours and no restart."""
    _opened, package = metered()
    operation = tried(package, Act.QUERY)
    failed(open_call())
    operation.refresh_from_db()
    assert (operation.status, again(package).status) == (Operation.Status.GAVE_UP, "active")
    assert Act.QUERY in acts(package)


def test_on_demand_service_is_released_after_its_package() -> None:
    """business-rules §3.2: a package requires on demand."""
    on_demand, package = metered()
    with pytest.raises(Refused, match=r"sandbox\.package"):
        tried(on_demand, Act.RELEASE)
    assert not Call.objects.filter(kind="Release").exists()
    second = bought(make_order(on_demand.buyer, offer=on_demand.offer, paid=True))
    for subscription in (second, package, on_demand):
        tried(subscription, Act.RELEASE)
        done(open_call())
        assert again(subscription).status == Subscription.Status.RELEASED


@pytest.mark.parametrize("spoken", ["saas_v2", "saas_v1"])
def test_expired_package_is_frozen_by_its_status_and_released_later(spoken: str) -> None:
    """saas-v1-license A2.7: instanceStatus tells the expiry of a package; business-rules §4.4: grace, then retention."""
    on_demand, package = metered(spoken)
    assert set(Job.objects.filter(kind=LIFE).values_list("key", "due_at")) == {(str(package.pk), FIRST_REMINDER)}
    passes(FREEZE)
    assert again(package).status == "frozen"
    assert command(open_call()) == SetStatus(instance_id=package.instance_id, status=InstanceStatus.FREEZE)
    done(open_call(), now=FREEZE)
    passes(RELEASE)
    assert open_call().kind == "Release"
    done(open_call(), now=RELEASE)
    assert (again(package).status, again(on_demand).status) == ("released", "active")
