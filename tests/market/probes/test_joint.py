"""Probes of the kit class: openapi-jointkit §A.10 no. 4 "Stored cases of listed products are re-run periodically"; saas-v2 §6 for when
and what follows. A joint product is healthy when both of its interfaces are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from tests.factories import NOW, make_address, make_product
from tests.factories.joint import (
    make_binding,
    make_enterprise,
    make_joint_service,
    make_kit_address,
    make_people,
    sync_rules,
)
from tests.market.probes.joint import KIT, NAME, breaking, joint_product, product_of
from tests.market.probes.watching import (
    DAY,
    DOWN,
    MORNING,
    NIGHT,
    TODAY,
    WRONG,
    answers,
    at,
    market,
    save_cases,
    watched,
)
from tradepost.market import wiring
from tradepost.market.applications import authorise
from tradepost.market.applications.models import Application, Authorisation, Client, Sync, TenantBinding
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import delist, trading
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.notifications import facts
from tradepost.market.notifications.models import Notice
from tradepost.market.probes import manual, opening, seller_queries, selling_again
from tradepost.market.probes.models import Health, ProbeDay, ProbeRun, ProbeSlot, WorkItem
from tradepost.market.production.models import Address, Binding, Call
from tradepost.protocols.commands import Done

pytestmark = pytest.mark.django_db


def status(product: Product) -> str:
    return Product.objects.get(pk=product.pk).status


# --- what is asked --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "kit"), [("saas_v2", "joint_kit_v2"), ("saas_v1", "joint_kit_v1")])
def test_the_five_calls_of_an_application_are_asked_each_morning_and_afternoon(base: str, kit: str) -> None:
    """§A.10 no. 4; §A.0: ``testFlag`` 1, ``instanceId`` and ``orderId`` empty, as while the interface is debugged."""
    application = joint_product(base=base, kit=kit)
    its = market()
    its.until(NIGHT)
    runs = ProbeRun.objects.filter(address=application.address).select_related("slot")
    assert sorted((run.slot.half, run.activity) for run in runs) == sorted(
        (half, activity) for half in ("am", "pm") for activity in KIT
    )
    assert {run.verdict for run in runs} == {"passed"}
    for call in Call.objects.filter(purpose="probe", address=application.address):
        assert call.command["test"] is True
        assert call.command["instance_id"] == ""
        assert call.command.get("order_id", "") == ""
    assert Health.objects.get(product=product_of(application)).verdict == "passed"
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("becomes", "probed"), [("on_sale", True), ("frozen", True), ("stopped", False), ("not published", False)]
)
def test_what_is_probed_goes_by_the_status_of_the_product(becomes: str, probed: bool) -> None:
    """§A.10: "of listed products"; saas-v2 §6: stopped ones are not probed, shelf §8: frozen ones are."""
    application = joint_product()
    product = product_of(application)
    if becomes == "frozen":
        trading.freeze(product, cause="a reason", actor="operator", now=NOW)
    if becomes == "stopped":
        delist.stop(product, reason="a reason", actor="operator", now=NOW)
    if becomes == "not published":
        Application.objects.update(product=None)
    its = market()
    its.until(NIGHT)
    assert ProbeRun.objects.filter(address=application.address).exists() is probed


def test_a_market_that_names_its_protocols_probes_those_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEPOST_PROBE_PROTOCOLS", "saas_v2")
    config.cache_clear()
    application = joint_product()
    its = market(breaking(WRONG, *KIT))
    its.until(NIGHT)
    assert not ProbeRun.objects.filter(address=application.address).exists()
    assert Health.objects.get(product=product_of(application)).verdict == "passed"


@pytest.fixture(autouse=True)
def _settings_of_one_test() -> Iterator[None]:
    yield
    config.cache_clear()


def test_a_joint_product_is_probed_by_hand_at_both_addresses_and_only_its_own_cases() -> None:
    application = joint_product()
    other = joint_product(application.seller)
    product = product_of(application)
    slot = manual.probe_now(product, by="zhang", watch=wiring._watch(), now=NOW)
    runs = manual.runs_of(slot)
    assert {run.address_id for run in runs} == {product.binding.address_id, application.address_id}
    assert other.address_id not in {run.address_id for run in runs}
    assert len(runs) == 10


def test_what_is_not_sold_is_not_probed_by_hand_though_its_address_serves_something_that_is() -> None:
    sold = watched()
    drafted = make_product(sold.seller, address=sold.binding.address, on_sale=False)
    with pytest.raises(Refused) as refused:
        manual.probe_now(drafted, by="zhang", watch=wiring._watch(), now=NOW)
    assert refused.value.code == "probe.no_cases"
    assert not Call.objects.exists()


# --- what follows ---------------------------------------------------------------------------------------------------------


def test_a_failing_call_of_the_kit_fails_the_product_and_names_its_application() -> None:
    application = joint_product()
    product = product_of(application)
    its = market(breaking(WRONG, "authSync"))
    its.until(at(12))
    day = ProbeDay.objects.get(product=product)
    assert (day.am, Health.objects.get(product=product).verdict) == ("failed", "failed")
    [notice] = Notice.objects.all()
    assert notice.kind == "seller_probe_forecast"
    assert (notice.facts["failed"], notice.facts["cases"]) == ("1", "10")
    with translation.override("en"):
        said = facts.readable(notice.facts)["activity"]
        assert said == f"authSync of the application “{NAME}”"
    with translation.override("zh-hans"):
        assert facts.readable(notice.facts)["activity"] == f"authSync（应用“{NAME}”）"


def test_a_failing_call_of_the_production_interface_names_no_application() -> None:
    joint_product()
    its = market(breaking(WRONG, "queryInstance"))
    its.until(at(12))
    assert Notice.objects.get().facts["activity"] == "queryInstance"


def test_where_both_fail_the_production_interface_is_named_first() -> None:
    """Without it nothing is delivered, whatever becomes of the people of an enterprise."""
    application = joint_product()
    later = make_address(application.seller)  # registered after that of the kit
    DebugCase.objects.filter(address=Binding.objects.get().address).update(address=later)
    Binding.objects.update(address=later)
    its = market(answers(DOWN))
    its.until(at(12))
    facts_told = Notice.objects.get().facts
    assert (facts_told["activity"], facts_told["failed"]) == ("newInstance", "10")


@pytest.mark.slow
def test_five_failing_days_of_the_kit_alone_freeze_the_product_and_a_passing_probe_lets_it_come_back() -> None:
    """saas-v2 §6: five days in a row; §A.10's two working days are the older page's, the market has one rule."""
    application = joint_product()
    product = product_of(application)
    its = market(breaking(DOWN, *KIT))
    its.until(NIGHT + 3 * DAY)
    assert status(product) == Product.Status.ON_SALE
    its.until(NIGHT + 4 * DAY)
    assert status(product) == Product.Status.FROZEN
    assert WorkItem.objects.filter(kind="frozen", product=product, closed_at=None).exists()
    address = Address.objects.get(pk=application.address_id)
    assert (address.breaker, address.failures) == ("closed", 0), "shelf §6: probes never open a breaker"
    product.refresh_from_db()
    with pytest.raises(Refused) as refused:
        selling_again.check_may_be_sold(product)
    assert refused.value.code == "probe.still_failing"
    its.server = answers(Done())
    its.until(at(12, day=TODAY + 5 * DAY))
    selling_again.check_may_be_sold(product)
    trading.unfreeze(product, actor="operator", now=its.now)
    its.until(NIGHT + 5 * DAY)
    health = Health.objects.get(product=product)
    assert (status(product), health.streak, health.frozen_on) == ("on_sale", 0, None)


def test_the_production_interface_that_fails_is_not_healed_by_a_kit_that_passes() -> None:
    application = joint_product()
    its = market(breaking(WRONG, "newInstance"))
    its.until(NIGHT)
    assert Health.objects.get(product=product_of(application)).verdict == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("kept", [(), ("tenantSync",)])
def test_cases_that_were_never_saved_fail_nothing_and_are_named(kept: tuple[str, ...]) -> None:
    """After an upgrade: what is not asked is unknown, and unknown days pass over (``outcome.of_product``)."""
    application = joint_product(save=kept)
    product = product_of(application)
    its = market()
    its.until(NIGHT + 6 * DAY)
    days = list(ProbeDay.objects.filter(product=product).values_list("verdict", flat=True))
    assert days == ["unknown"] * 7
    health = Health.objects.get(product=product)
    assert (status(product), health.streak, health.freezes_on) == ("on_sale", 0, None)
    assert not Notice.objects.exists()
    one = seller_queries.watched_one(product, today=TODAY)
    [(where, calls)] = seller_queries.lacking(one, watch=wiring._watch())
    assert where.application == NAME
    assert set(calls) == set(KIT) - set(kept)


def test_nothing_lacks_where_all_is_saved() -> None:
    one = seller_queries.watched_one(product_of(joint_product()), today=TODAY)
    assert seller_queries.lacking(one, watch=wiring._watch()) == []


def test_a_case_of_the_kit_that_fails_counts_though_others_were_never_saved() -> None:
    application = joint_product(save=("tenantSync",))
    its = market(breaking(WRONG, "tenantSync"))
    its.until(NIGHT)
    assert Health.objects.get(product=product_of(application)).streak == 1


def test_all_saved_cases_decide_where_the_market_wants_it_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shelf §8, ``probe_judges``: of both addresses."""
    monkeypatch.setenv("TRADEPOST_PROBE_JUDGES", "all")
    config.cache_clear()
    application = joint_product(save=("tenantSync", "authSync"))
    its = market()
    its.until(NIGHT)
    assert Health.objects.get(product=product_of(application)).verdict == "passed"
    its.server = breaking(WRONG, "authSync")
    its.until(NIGHT + DAY)
    assert Health.objects.get(product=product_of(application)).verdict == "failed"


def test_a_moved_application_is_probed_where_it_is_now() -> None:
    """business-rules §11.2: approve, update the address of the product, then what is bound."""
    application = joint_product()
    there = make_kit_address(application.seller, url="http://127.0.0.1:9/elsewhere")
    save_cases(there, "tenantSync")
    Application.objects.update(address=there)
    its = market()
    its.until(at(12))
    runs = ProbeRun.objects.filter(activity="tenantSync")
    assert {run.address_id for run in runs} == {there.pk}


def test_a_server_that_speaks_two_protocols_is_counted_once() -> None:
    """Shelf §4: a slot is void when more than 30 % of at least 20 addresses could not be reached; interface and kit share one."""
    joint_product()
    watched()
    its = market(breaking(DOWN, *KIT, "newInstance", "queryInstance"))
    its.until(at(12))
    slot = ProbeSlot.objects.get(half="am")
    assert (slot.addresses, slot.unreached) == (2, 2)


# --- nothing real is touched ----------------------------------------------------------------------------------------------


def acknowledged() -> list[object]:
    """All that the market keeps of what sellers know."""
    return [list(model.objects.order_by("pk").values()) for model in (TenantBinding, Authorisation, Client, Sync)]


def test_probes_change_nothing_of_what_a_seller_acknowledged() -> None:
    """§A.5: the idempotency key is (instanceId, tenantId); a probe has neither of a service that is bound."""
    application = joint_product()
    its = market(now=at(7))
    service = make_joint_service(application=application, now=at(7))
    enterprise = make_enterprise(service.buyer)
    [person] = make_people(enterprise, 1)
    binding = make_binding(service, enterprise, now=at(7))
    its.until(at(8))
    authorise.authorise(binding, [person.pk], admin=False, rules=sync_rules(), now=its.now)
    its.until(MORNING)
    before = acknowledged()
    assert TenantBinding.objects.get(pk=binding.pk).status == "bound"
    its.until(NIGHT)
    assert Call.objects.filter(purpose="probe", address=application.address).count() == 10
    assert acknowledged() == before
    for probe in Call.objects.filter(purpose="probe", address=application.address):
        assert enterprise.public_id not in str(probe.command)
        assert enterprise.code not in str(probe.command)
    assert not Sync.objects.exclude(status="done").exists()


def test_a_case_that_names_a_real_enterprise_is_not_asked() -> None:
    """One that an earlier release saved: a call that deletes would make a careless server forget its customer twice a day."""
    application = joint_product(save=KIT[1:])
    save_cases(application.address, "tenantSync", typed={"tenantId": make_enterprise().public_id, "flag": "0"})
    its = market(breaking(WRONG, "tenantSync"))
    its.until(at(12))
    run = ProbeRun.objects.get(activity="tenantSync", slot__half="am")
    assert (run.verdict, run.reason, run.call) == ("unknown", opening.UNREADABLE, None)
    assert not Call.objects.filter(activity="tenantSync").exists()
    assert not Notice.objects.exists()
