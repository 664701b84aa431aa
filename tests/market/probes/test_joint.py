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
from tradepost.market.web.watching import watch as watch_rules
from tradepost.protocols.commands import Done

pytestmark = pytest.mark.django_db


def status(product: Product) -> str:
    return Product.objects.get(pk=product.pk).status


# --- calls ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "kit"), [("saas_v2", "joint_kit_v2"), ("saas_v1", "joint_kit_v1")])
def test_five_calls_of_an_application_are_probed_each_morning_and_afternoon(base: str, kit: str) -> None:
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
def test_product_status_decides_what_is_probed(becomes: str, probed: bool) -> None:
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


def test_market_that_names_protocols_probes_only_those(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_joint_product_is_probed_manually_at_both_addresses_with_only_its_own_cases() -> None:
    application = joint_product()
    other = joint_product(application.seller)
    product = product_of(application)
    slot = manual.probe_now(product, by="zhang", watch=watch_rules(), now=NOW)
    runs = manual.runs_of(slot)
    assert {run.address_id for run in runs} == {product.binding.address_id, application.address_id}
    assert other.address_id not in {run.address_id for run in runs}
    assert len(runs) == 10


def test_product_not_on_sale_is_not_probed_manually_though_its_address_serves_others() -> None:
    sold = watched()
    drafted = make_product(sold.seller, address=sold.binding.address, on_sale=False)
    with pytest.raises(Refused) as refused:
        manual.probe_now(drafted, by="zhang", watch=watch_rules(), now=NOW)
    assert refused.value.code == "probe.no_cases"
    assert not Call.objects.exists()


# --- results ---------------------------------------------------------------------------------------------------------------


def test_failing_kit_call_fails_the_product_and_names_its_application() -> None:
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
        activity = facts.facts_as_text(notice.facts)["activity"]
        assert activity == f"authSync of the application “{NAME}”"
    with translation.override("zh-hans"):
        assert facts.facts_as_text(notice.facts)["activity"] == f"authSync（应用“{NAME}”）"


def test_failing_production_call_names_no_application() -> None:
    joint_product()
    its = market(breaking(WRONG, "queryInstance"))
    its.until(at(12))
    assert Notice.objects.get().facts["activity"] == "queryInstance"


def test_production_interface_is_named_first_if_both_fail() -> None:
    """Nothing can be delivered without it, whether or not the people of an enterprise are synchronised."""
    application = joint_product()
    later = make_address(application.seller)  # registered after the case of the kit
    DebugCase.objects.filter(address=Binding.objects.get().address).update(address=later)
    Binding.objects.update(address=later)
    its = market(answers(DOWN))
    its.until(at(12))
    facts_told = Notice.objects.get().facts
    assert (facts_told["activity"], facts_told["failed"]) == ("newInstance", "10")


@pytest.mark.slow
def test_five_failing_days_of_the_kit_freeze_the_product_and_a_passing_probe_allows_its_return() -> None:
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


def test_passing_kit_does_not_heal_a_failing_production_interface() -> None:
    application = joint_product()
    its = market(breaking(WRONG, "newInstance"))
    its.until(NIGHT)
    assert Health.objects.get(product=product_of(application)).verdict == "failed"


@pytest.mark.slow
@pytest.mark.parametrize("kept_cases", [(), ("tenantSync",)])
def test_unsaved_cases_fail_nothing_and_are_named(kept_cases: tuple[str, ...]) -> None:
    """After an upgrade: a case that is not probed is unknown, and unknown days do not count (``outcome.of_product``)."""
    application = joint_product(save=kept_cases)
    product = product_of(application)
    its = market()
    its.until(NIGHT + 6 * DAY)
    days = list(ProbeDay.objects.filter(product=product).values_list("verdict", flat=True))
    assert days == ["unknown"] * 7
    health = Health.objects.get(product=product)
    assert (status(product), health.streak, health.freezes_on) == ("on_sale", 0, None)
    assert not Notice.objects.exists()
    monitored = seller_queries.monitored_product(product, watch=watch_rules(), today=TODAY)
    [(where, calls)] = seller_queries.missing_cases(monitored, watch=watch_rules())
    assert where.application == NAME
    assert set(calls) == set(KIT) - set(kept_cases)


def test_nothing_is_missing_if_all_cases_are_saved() -> None:
    monitored = seller_queries.monitored_product(product_of(joint_product()), watch=watch_rules(), today=TODAY)
    assert seller_queries.missing_cases(monitored, watch=watch_rules()) == []


def test_failing_kit_case_counts_though_others_were_never_saved() -> None:
    application = joint_product(save=("tenantSync",))
    its = market(breaking(WRONG, "tenantSync"))
    its.until(NIGHT)
    assert Health.objects.get(product=product_of(application)).streak == 1


def test_setting_makes_all_saved_cases_decide(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_moved_application_is_probed_at_its_new_address() -> None:
    """business-rules §11.2: approve, update the address of the product, then what is bound."""
    application = joint_product()
    new_address = make_kit_address(application.seller, url="http://127.0.0.1:9/elsewhere")
    save_cases(new_address, "tenantSync")
    Application.objects.update(address=new_address)
    its = market()
    its.until(at(12))
    runs = ProbeRun.objects.filter(activity="tenantSync")
    assert {run.address_id for run in runs} == {new_address.pk}


def test_server_with_two_protocols_is_counted_once() -> None:
    """Shelf §4: a slot is void when more than 30 % of at least 20 addresses could not be reached; interface and kit
    share one.
    """
    joint_product()
    watched()
    its = market(breaking(DOWN, *KIT, "newInstance", "queryInstance"))
    its.until(at(12))
    slot = ProbeSlot.objects.get(half="am")
    assert (slot.addresses, slot.unreached) == (2, 2)


# --- real data is not touched ----------------------------------------------------------------------------------------------


def acknowledged_rows() -> list[object]:
    """Return everything that the market stores about what sellers acknowledged."""
    return [list(model.objects.order_by("pk").values()) for model in (TenantBinding, Authorisation, Client, Sync)]


@pytest.mark.slow
def test_probes_change_nothing_that_a_seller_acknowledged() -> None:
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
    before = acknowledged_rows()
    assert TenantBinding.objects.get(pk=binding.pk).status == "bound"
    its.until(NIGHT)
    assert Call.objects.filter(purpose="probe", address=application.address).count() == 10
    assert acknowledged_rows() == before
    for probe in Call.objects.filter(purpose="probe", address=application.address):
        assert enterprise.public_id not in str(probe.command)
        assert enterprise.code not in str(probe.command)
    assert not Sync.objects.exclude(status="done").exists()


def test_case_that_names_a_real_enterprise_is_not_probed() -> None:
    """An earlier release may have saved such a case: a call that deletes would make a careless server delete its
    customer twice a day.
    """
    application = joint_product(save=KIT[1:])
    save_cases(application.address, "tenantSync", typed={"tenantId": make_enterprise().public_id, "flag": "0"})
    its = market(breaking(WRONG, "tenantSync"))
    its.until(at(12))
    run = ProbeRun.objects.get(activity="tenantSync", slot__half="am")
    assert (run.verdict, run.reason, run.call) == ("unknown", opening.UNREADABLE, None)
    assert not Call.objects.filter(activity="tenantSync").exists()
    assert not Notice.objects.exists()
