"""What blocks a product: each required case that is not saved, stale or failing, with its name and where to mend it."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.factories import NOW, make_address, make_seller
from tests.market.debugging.answering import answer, tried
from tradepost.market.debugging.missing import missing, stock
from tradepost.market.debugging.required import Purpose, Sold, sold_by
from tradepost.market.debugging.standing import Standing
from tradepost.market.identity import keys
from tradepost.market.production.models import Address
from tradepost.protocols.commands import Rejected

pytestmark = pytest.mark.django_db
ONCE = sold_by(["ONE_TIME"])


def found(address: Address, sold: Sold = ONCE) -> dict[str, Standing]:
    return {one.activity: one.standing for one in missing(address, sold)}


def test_each_missing_case_names_itself_and_where_it_is_debugged() -> None:
    address = make_address(make_seller())
    with translation.override("zh-hans"):
        first, *_ = missing(address, ONCE)
    assert (first.activity, first.address, first.protocol) == ("newInstance", address.pk, "saas_v2")
    assert "newInstance" in first.words
    assert "创建实例" in first.words
    assert list(found(address)) == ["newInstance", "queryInstance", "releaseInstance"]


def test_nothing_is_missing_once_all_are_saved_and_one_that_fails_or_goes_stale_blocks() -> None:
    address = make_address(make_seller())
    for activity in ("newInstance", "queryInstance", "releaseInstance"):
        answer(tried(address, activity), now=NOW)
    assert found(address) == {}
    assert [case.activity for case in stock(address, ONCE).saved] == ["newInstance", "queryInstance", "releaseInstance"]
    answer(tried(address, "queryInstance"), Rejected(code="000005", message="no"), now=NOW)
    assert found(address) == {"queryInstance": Standing.FAILED}
    keys.rotate_signing_key(address.seller, "base", now=NOW)
    assert set(found(address).values()) == {Standing.OTHER_KEY}
    assert len(found(address)) == 3


def test_a_modification_lacks_what_only_the_listed_version_needs() -> None:
    address = make_address(make_seller())
    for activity in ("newInstance", "queryInstance", "releaseInstance"):
        answer(tried(address, activity), now=NOW)
    lacks = missing(address, ONCE, purpose=Purpose.MODIFY, listed=sold_by(["PERIOD"]))
    assert [one.activity for one in lacks] == ["refreshInstance", "updateInstanceStatus"]


def test_cases_of_the_kit_are_looked_for_at_the_same_url() -> None:
    seller = make_seller()
    address = make_address(seller, url="http://127.0.0.1:9/same")
    joint = Sold(modes=ONCE.modes, joint=True)
    lacking = [one for one in missing(address, joint) if one.protocol == "joint_kit_v2"]
    assert {one.address for one in lacking} == {None}
    assert len(lacking) == 5
    kit = make_address(seller, url="http://127.0.0.1:9/same", protocol="joint_kit_v2")
    keys.rotate_signing_key(seller, "kit", now=NOW)
    answer(tried(kit, "tenantSync"), now=NOW)
    lacking = [one for one in missing(address, joint) if one.protocol == "joint_kit_v2"]
    assert {one.address for one in lacking} == {kit.pk}
    assert len(lacking) == 4
