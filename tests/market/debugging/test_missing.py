"""What blocks a product: each required case that is missing, stale or failing, with its name and link."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.factories import NOW, make_address, make_seller
from tests.market.debugging.answering import answer, tried
from tradepost.market.debugging.missing import inventory_of, lacking_cases
from tradepost.market.debugging.required import Purpose, SoldProduct, product_with_modes
from tradepost.market.debugging.standing import CaseState
from tradepost.market.identity import keys
from tradepost.market.production.models import Address
from tradepost.protocols.commands import Rejected

pytestmark = pytest.mark.django_db
ONCE = product_with_modes(["ONE_TIME"])


def missing_cases(address: Address, sold: SoldProduct = ONCE) -> dict[str, CaseState]:
    return {case.activity: case.standing for case in lacking_cases(address, sold)}


def test_each_missing_case_names_itself_and_its_page() -> None:
    address = make_address(make_seller())
    with translation.override("zh-hans"):
        first, *_ = lacking_cases(address, ONCE)
    assert (first.activity, first.address, first.protocol) == ("newInstance", address.pk, "saas_v2")
    assert "newInstance" in first.words
    assert "创建实例" in first.words
    assert list(missing_cases(address)) == ["newInstance", "queryInstance", "releaseInstance"]


def test_saved_cases_unblock_and_failing_or_stale_ones_block() -> None:
    address = make_address(make_seller())
    for activity in ("newInstance", "queryInstance", "releaseInstance"):
        answer(tried(address, activity), now=NOW)
    assert missing_cases(address) == {}
    assert [case.activity for case in inventory_of(address, ONCE).saved] == [
        "newInstance",
        "queryInstance",
        "releaseInstance",
    ]
    answer(tried(address, "queryInstance"), Rejected(code="000005", message="no"), now=NOW)
    assert missing_cases(address) == {"queryInstance": CaseState.FAILED}
    keys.rotate_signing_key(address.seller, "base", now=NOW)
    assert set(missing_cases(address).values()) == {CaseState.OTHER_KEY}
    assert len(missing_cases(address)) == 3


def test_modification_lacks_only_cases_of_the_listed_version() -> None:
    address = make_address(make_seller())
    for activity in ("newInstance", "queryInstance", "releaseInstance"):
        answer(tried(address, activity), now=NOW)
    lacks = lacking_cases(address, ONCE, purpose=Purpose.MODIFY, listed=product_with_modes(["PERIOD"]))
    assert [lack.activity for lack in lacks] == ["refreshInstance", "updateInstanceStatus"]


def test_cases_of_the_kit_are_found_at_the_same_url() -> None:
    seller = make_seller()
    address = make_address(seller, url="http://127.0.0.1:9/same")
    joint = SoldProduct(modes=ONCE.modes, joint=True)
    lacking = [case for case in lacking_cases(address, joint) if case.protocol == "joint_kit_v2"]
    assert {case.address for case in lacking} == {None}
    assert len(lacking) == 5
    kit = make_address(seller, url="http://127.0.0.1:9/same", protocol="joint_kit_v2")
    keys.rotate_signing_key(seller, "kit", now=NOW)
    answer(tried(kit, "tenantSync"), now=NOW)
    lacking = [case for case in lacking_cases(address, joint) if case.protocol == "joint_kit_v2"]
    assert {case.address for case in lacking} == {kit.pk}
    assert len(lacking) == 4
