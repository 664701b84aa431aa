"""Test calls name no real enterprise (openapi-jointkit §A.0: "Interface debugging in the seller console … testFlag = 1,
instanceId/orderId empty"; §A.5: the idempotency key is (instanceId, tenantId))."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.factories import NOW, make_seller
from tests.factories.joint import make_enterprise, make_kit_address
from tests.market.debugging.answering import tried
from tradepost.market.debugging.asked import ValuesRefused, form_of, initial_values
from tradepost.market.debugging.generate import generate
from tradepost.market.debugging.models import DebugRun
from tradepost.market.production.models import Call

pytestmark = pytest.mark.django_db
CALLS = ("tenantSync", "authSync", "singleOrgSync", "allOrgSync")


@pytest.mark.parametrize("spoken", ["joint_kit_v1", "joint_kit_v2"])
@pytest.mark.parametrize("activity", CALLS)
def test_id_of_an_enterprise_is_refused_without_a_call(spoken: str, activity: str) -> None:
    address, enterprise = make_kit_address(make_seller(), spoken=spoken), make_enterprise()
    with pytest.raises(ValuesRefused) as refusal, translation.override("zh-hans"):
        tried(address, activity, tenantId=enterprise.public_id, flag="0")
    assert set(refusal.value.errors) == {"tenantId"}
    assert "真实企业" in refusal.value.errors["tenantId"]
    assert not DebugRun.objects.exists()
    assert not Call.objects.exists()


def test_generated_request_is_refused_too() -> None:
    form = form_of(make_kit_address(make_seller()), "tenantSync")
    values = {**initial_values(form, now=NOW), "tenantId": make_enterprise().public_id}
    with pytest.raises(ValuesRefused) as refusal, translation.override("en"):
        generate(form, values, wall=NOW)
    assert "make one up" in refusal.value.errors["tenantId"]


def test_enterprise_with_a_sample_code_does_not_block_cases() -> None:
    """The sample values of the forms are public."""
    address = make_kit_address(make_seller())
    made_up = initial_values(form_of(address, "tenantSync"), now=NOW)["tenantCode"]
    make_enterprise(code=made_up)
    assert tried(address, "tenantSync").call is not None


def test_invented_ids_and_the_own_test_enterprise_are_accepted() -> None:
    """§B.1: the test account."""
    seller = make_seller()
    address = make_kit_address(seller)
    own_enterprise, other_enterprise = make_enterprise(seller=seller), make_enterprise(seller=make_seller())
    assert tried(address, "tenantSync").call is not None
    assert tried(address, "authSync", tenantId=own_enterprise.public_id).call is not None
    with pytest.raises(ValuesRefused):
        tried(address, "authSync", tenantId=other_enterprise.public_id)
