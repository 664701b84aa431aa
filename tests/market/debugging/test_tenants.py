"""A test call tells of no real enterprise (openapi-jointkit §A.0: "Interface debugging in the seller console … testFlag = 1,
instanceId/orderId empty"; §A.5: the idempotency key is (instanceId, tenantId))."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.factories import NOW, make_seller
from tests.factories.joint import make_enterprise, make_kit_address
from tests.market.debugging.answering import tried
from tradepost.market.debugging.asked import ValuesRefused, form_of, shown_values
from tradepost.market.debugging.generate import generate
from tradepost.market.debugging.models import DebugRun
from tradepost.market.production.models import Call

pytestmark = pytest.mark.django_db
CALLS = ("tenantSync", "authSync", "singleOrgSync", "allOrgSync")


@pytest.mark.parametrize("spoken", ["joint_kit_v1", "joint_kit_v2"])
@pytest.mark.parametrize("activity", CALLS)
def test_the_id_of_an_enterprise_of_the_market_is_refused_and_nothing_is_sent(spoken: str, activity: str) -> None:
    address, enterprise = make_kit_address(make_seller(), spoken=spoken), make_enterprise()
    with pytest.raises(ValuesRefused) as refused, translation.override("zh-hans"):
        tried(address, activity, tenantId=enterprise.public_id, flag="0")
    assert set(refused.value.errors) == {"tenantId"}
    assert "真实企业" in refused.value.errors["tenantId"]
    assert not DebugRun.objects.exists()
    assert not Call.objects.exists()


def test_no_request_is_shown_either() -> None:
    form = form_of(make_kit_address(make_seller()), "tenantSync")
    values = {**shown_values(form, now=NOW), "tenantId": make_enterprise().public_id}
    with pytest.raises(ValuesRefused) as refused, translation.override("en"):
        generate(form, values, wall=NOW)
    assert "make one up" in refused.value.errors["tenantId"]


def test_who_founds_an_enterprise_under_a_sellers_made_up_code_stops_no_case_of_theirs() -> None:
    """The samples of the forms are known to everybody."""
    address = make_kit_address(make_seller())
    made_up = shown_values(form_of(address, "tenantSync"), now=NOW)["tenantCode"]
    make_enterprise(code=made_up)
    assert tried(address, "tenantSync").call is not None


def test_what_is_made_up_and_the_test_enterprise_are_asked_but_nobody_elses_test_enterprise() -> None:
    """§B.1: the test account."""
    seller = make_seller()
    address = make_kit_address(seller)
    own, others = make_enterprise(seller=seller), make_enterprise(seller=make_seller())
    assert tried(address, "tenantSync").call is not None
    assert tried(address, "authSync", tenantId=own.public_id).call is not None
    with pytest.raises(ValuesRefused):
        tried(address, "authSync", tenantId=others.public_id)
