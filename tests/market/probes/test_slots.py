"""A slot from its opening to its verdict on each product: saas-v2 §6, saas-v1-license A5, shelf §4 and §6."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.factories import NOW, make_buyer, make_product, make_seller
from tests.market.probes.watching import (
    BREAKER,
    DAY,
    DOWN,
    MORNING,
    NIGHT,
    OUR_OWN,
    TODAY,
    WRONG,
    answers,
    at,
    market,
    save_cases,
    watched,
)
from tradepost.market import wiring
from tradepost.market.base.models import Job
from tradepost.market.base.values import replace
from tradepost.market.catalog import delist, trading
from tradepost.market.catalog.models import Product
from tradepost.market.notifications.models import Notice
from tradepost.market.probes import slots
from tradepost.market.probes.models import Health, ProbeDay, ProbeRun, ProbeSlot, WorkItem
from tradepost.market.production import upkeep
from tradepost.market.production.claim import ClaimedCall, claim_calls
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.web.watching import watch as watch_rules
from tradepost.protocols.commands import CallResult, Done

pytestmark = pytest.mark.django_db


def test_each_saved_case_of_products_on_sale_is_probed_once_in_the_morning_and_once_in_the_afternoon() -> None:
    """saas-v2 §6: every day, the seller's saved debug cases, with testFlag "1"."""
    product = watched()
    its = market()
    its.until(NIGHT)
    runs = ProbeRun.objects.order_by("pk")
    assert [run.verdict for run in runs] == ["passed"] * 10
    assert {(run.slot.half, run.activity) for run in runs.select_related("slot")} == {
        (half, word)
        for half in ("am", "pm")
        for word in ("newInstance", "queryInstance", "refreshInstance", "updateInstanceStatus", "releaseInstance")
    }
    calls = Call.objects.filter(purpose="probe")
    assert calls.count() == 10
    assert {call.command["test"] for call in calls} == {True}
    day = ProbeDay.objects.get(product=product)
    assert (day.date, day.am, day.pm, day.verdict) == (TODAY, "passed", "passed", "passed")
    assert Health.objects.get(product=product).verdict == "passed"
    assert not Notice.objects.exists(), "of what is well nobody is told"
    assert not Call.objects.exclude(state=3).exists()


def test_cases_of_one_address_are_two_seconds_apart_and_within_the_slot() -> None:
    watched()
    its = market()
    its.until(at(9, 1))
    due = list(ProbeRun.objects.order_by("due_at").values_list("due_at", flat=True))
    assert {b - a for a, b in pairwise(due)} == {timedelta(seconds=2)}
    assert at(9) <= due[0] <= due[-1] <= at(11)


@pytest.mark.parametrize(
    ("status", "probed"),
    [("draft", False), ("on_sale", True), ("frozen", True), ("stopped", False)],
)
def test_product_status_decides_what_is_probed(status: str, probed: bool) -> None:
    """saas-v2 §6, saas-v1-license A5, B: on sale executed, stopped and withdrawn not; shelf §8: frozen ones stay
    probed.
    """
    product = make_product(on_sale=status != "draft")
    save_cases(product.binding.address, "newInstance")
    if status == "frozen":
        trading.freeze(product, cause="a reason", actor="operator", now=NOW)
    if status == "stopped":
        delist.stop(product, reason="a reason", actor="operator", now=NOW)
    its = market()
    its.until(NIGHT)
    assert ProbeRun.objects.exists() is probed
    assert ProbeSlot.objects.count() == 2


def test_case_passes_with_its_third_try_ten_minutes_apart() -> None:
    watched(save=["queryInstance"])
    tried: list[datetime] = []

    def server(call: ClaimedCall, now: datetime) -> CallResult:
        tried.append(now)
        return WRONG if len(tried) < 3 else Done()

    its = market(server)
    its.until(at(12))
    run = ProbeRun.objects.get(slot__half="am")
    assert (run.verdict, run.tries, run.reason) == ("passed", 3, "done")
    assert {b - a for a, b in pairwise(tried)} == {timedelta(minutes=10)}
    assert Attempt.objects.filter(call=run.call_id).count() == 3
    assert not Notice.objects.exists(), "one try that failed is nobody's news"


@pytest.mark.slow
def test_failing_slot_is_reported_once_with_the_forecast_and_not_again_that_day() -> None:
    """Shelf §6: one notice per product and slot; must show: none repeated while nothing changed."""
    product = watched()
    its = market(answers(WRONG))
    its.until(at(12))
    [notice] = Notice.objects.all()
    assert notice.kind == "seller_probe_forecast"
    assert notice.facts["day"] == "1"
    assert notice.facts["date"] == f"{TODAY + 4 * DAY}"
    assert notice.facts["failed"] == "5"
    health = Health.objects.get(product=product)
    assert (health.verdict, health.streak, health.freezes_on) == ("failed", 0, TODAY + 4 * DAY)
    its.until(NIGHT)
    assert Notice.objects.count() == 1, "the afternoon says the same"
    health.refresh_from_db()
    assert health.streak == 1
    its.until(NIGHT + DAY)
    assert [one.facts["day"] for one in Notice.objects.order_by("pk")] == ["1", "2"]


@pytest.mark.slow
def test_five_failing_days_freeze_sales_and_create_a_work_queue_entry() -> None:
    """saas-v2 §6: 5 consecutive days failing: sales are suspended and the product hidden."""
    product = watched()
    its = market(answers(WRONG))
    its.until(NIGHT + 3 * DAY)
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE
    its.until(at(17, 20, day=TODAY + 4 * DAY))
    product.refresh_from_db()
    assert product.status == Product.Status.ON_SALE, "not before the fifth day is over"
    its.until(NIGHT + 4 * DAY)
    product.refresh_from_db()
    assert product.status == Product.Status.FROZEN
    health = Health.objects.get(product=product)
    assert (health.streak, health.frozen_on, health.freezes_on) == (5, TODAY + 4 * DAY, None)
    [item] = WorkItem.objects.all()
    assert (item.kind, item.product_id, item.closed_at) == ("frozen", product.pk, None)
    kinds = [notice.kind for notice in Notice.objects.order_by("pk")]
    assert kinds == ["seller_probe_forecast"] * 5 + ["seller_frozen_by_probes"]
    its.until(NIGHT + 8 * DAY)
    assert Notice.objects.count() == 6, "nothing changes while it is frozen"
    assert ProbeDay.objects.filter(product=product).count() == 9, "and it stays probed"


@pytest.mark.slow
def test_passing_day_resets_the_count_and_is_reported_once() -> None:
    product = watched()
    its = market(answers(WRONG))
    its.until(NIGHT + DAY)
    its.server = answers(Done())
    its.until(NIGHT + 3 * DAY)
    health = Health.objects.get(product=product)
    assert (health.streak, health.freezes_on, health.verdict) == (0, None, "passed")
    assert [notice.kind for notice in Notice.objects.order_by("pk")] == ["seller_probe_forecast"] * 2 + [
        "seller_probe_passed"
    ]


def test_our_own_faults_count_against_no_product() -> None:
    """Shelf §4: INTERNAL, LOST unknown."""
    product = watched()
    its = market(answers(OUR_OWN))
    its.until(NIGHT)
    day = ProbeDay.objects.get(product=product)
    assert (day.am, day.pm, day.verdict) == ("unknown", "unknown", "unknown")
    assert Health.objects.get(product=product).streak == 0
    assert not Notice.objects.exists()


@pytest.mark.slow
@pytest.mark.parametrize(("down", "void"), [(6, False), (7, True)])
def test_slot_with_too_many_unreachable_addresses_has_no_verdict(down: int, void: bool) -> None:
    """Shelf §4: transport failures > 30 % over ≥ 20 addresses void the slot silently."""
    seller = make_seller(member=make_buyer(balance="0"))
    products = [watched(seller, save=["queryInstance", "newInstance"]) for _ in range(20)]
    unreached = {product.binding.address.pk for product in products[:down]}
    its = market(lambda call, _now: DOWN if call.address_id in unreached else Done())
    its.until(at(12))
    slot = ProbeSlot.objects.get(half="am")
    assert (slot.addresses, slot.unreached, slot.void) == (20, down, void)
    failed = ProbeDay.objects.filter(am="failed").count()
    assert failed == (0 if void else down)
    assert Notice.objects.exists() is not void


def test_market_that_was_down_blames_no_product_and_catches_up_nothing() -> None:
    """Must show 1: a market that was down itself blames nobody."""
    product = watched()
    its = market(answers(WRONG))
    its.outages = [(at(8), at(13))]
    its.until(NIGHT)
    day = ProbeDay.objects.get(product=product)
    assert (day.am, day.pm) == ("", "failed"), "in the morning nothing was asked"
    assert ProbeRun.objects.filter(slot__half="am").count() == 0


def test_cases_missed_by_an_outage_within_a_slot_are_unknown() -> None:
    product = watched()
    its = market(answers(WRONG))
    its.until(at(9, 1))
    first = ProbeRun.objects.order_by("due_at")[0].due_at
    outage_start = first - timedelta(seconds=1)
    its.outages = [(outage_start, at(13))]
    its.until(at(14))
    assert set(ProbeRun.objects.values_list("verdict", flat=True)) == {"unknown"}
    assert ProbeDay.objects.get(product=product).am == "unknown"
    assert not Notice.objects.exists()
    assert not Call.objects.exclude(state=3).exists(), "and nothing is asked late"


@pytest.mark.slow
def test_slot_that_closes_while_its_cases_are_written_probes_those_written() -> None:
    """saas-v2 §6: a market that comes up in the last second of a slot writes its cases in batches of a hundred. Cases
    that no longer fit are unknown, and the others are probed to their end. (Seed 501: all were discarded.)
    """
    seller = make_seller(member=make_buyer(balance="0"))
    products = [watched(seller) for _ in range(21)]
    its = market(answers(WRONG))
    its.outages = [(at(8), at(11) - timedelta(milliseconds=500))]
    its.until(at(12))
    slot = ProbeSlot.objects.get(half="am")
    assert (slot.addresses, slot.closed_at) == (20, at(11, 25))
    verdicts = dict(ProbeDay.objects.values_list("product", "am"))
    assert [verdicts.get(product.pk, "") for product in products] == ["failed"] * 20 + [""]


def test_day_ends_when_its_earlier_half_is_judged_though_both_end_late() -> None:
    """saas-v2 §6: a day fails if any of its probes fails. A market that was down from the end of the morning's tries
    until the evening finds both halves due, and a call of the morning leased by a worker that died.
    """
    failing, other = watched(save=["newInstance"]), watched(save=["newInstance"])
    its = market(answers(WRONG, only=failing.binding.address.pk))
    its.until(at(9))  # the run may be due within the first minute
    moment = ProbeRun.objects.get(address=other.binding.address).due_at
    its.until(moment - timedelta(seconds=1))
    [_] = claim_calls(now=moment, wall=moment, owner="dead", limit=1, per_seller=16, duration=timedelta(minutes=1))
    its.until(at(11, 21))
    its.outages = [(at(11, 22), at(20))]
    its.until(at(20))
    assert ProbeSlot.objects.filter(half="pm").exclude(closed_at=None).exists()
    assert not ProbeDay.objects.exclude(verdict="").exists(), "the morning is waited for"
    upkeep.recover(now=at(20), wall=at(20), rule=BREAKER)
    its.until(NIGHT)
    day = ProbeDay.objects.get(product=failing)
    assert (day.am, day.pm, day.verdict) == ("failed", "", "failed")
    assert Health.objects.get(product=failing).streak == 1
    assert ProbeDay.objects.get(product=other).verdict == "unknown", "what a dead worker asked is nobody's fault"


@pytest.mark.parametrize("error", ["", "IndexError"])
def test_day_waits_for_a_half_unless_its_timer_failed(error: str) -> None:
    """Otherwise the days of all products would never end."""
    product, watch = watched(save=["newInstance"]), watch_rules()
    its = market(answers(WRONG))
    its.until(at(17))
    judging = {"half": "am", "date": f"{TODAY}", "phase": "judge", "cursor": 0}
    Job.objects.filter(kind=slots.TIMER, key="am").update(payload=judging, error=error)
    now = at(17, 30)
    retry = slots.run({"half": "pm", "date": f"{TODAY}", "phase": "day", "cursor": 0}, now, watch=watch)
    assert retry == (at(15) + DAY if error else now + slots.RETRY_DELAY)
    assert ProbeDay.objects.get(product=product).verdict == ("failed" if error else "")


def test_failed_probe_opens_no_breaker_but_sets_the_state_of_the_address() -> None:
    """Shelf §6: they never open a breaker."""
    product = watched()
    its = market(answers(DOWN))
    its.until(NIGHT)
    address = Address.objects.get(pk=product.binding.address.pk)
    assert (address.breaker, address.failures, address.trouble) == ("closed", 0, "connect")
    assert address.last_success_at is None
    assert not Call.objects.filter(hold="breaker").exists()


def test_deleting_the_failing_case_gains_nothing() -> None:
    product = watched()
    its = market(answers(WRONG))
    its.until(NIGHT)
    product.binding.address.debug_cases.all().delete()
    its.until(NIGHT + 3 * DAY)
    assert Health.objects.get(product=product).streak == 1
    assert [day.verdict for day in ProbeDay.objects.order_by("date")] == ["failed", "unknown", "unknown", "unknown"]


def test_product_is_not_judged_by_optional_cases() -> None:
    """Shelf §8 (probe_judges)."""
    product = watched()
    save_cases(product.binding.address, "upgradeInstance")
    its = market(lambda call, _now: WRONG if call.activity == "upgradeInstance" else Done())
    its.until(NIGHT)
    assert ProbeRun.objects.filter(activity="upgradeInstance", verdict="failed").count() == 2
    assert ProbeDay.objects.get(product=product).verdict == "passed"


def test_product_without_a_saved_case_is_never_judged() -> None:
    make_product()
    its = market()
    its.until(NIGHT)
    assert not ProbeDay.objects.exists()
    assert not Health.objects.exists()


def test_one_timer_exists_for_each_half_and_none_for_a_half_without_a_slot() -> None:
    its = market()
    its.until(NIGHT + 2 * DAY)
    jobs = Job.objects.filter(kind=slots.TIMER)
    assert {job.key: job.due_at for job in jobs} == {"am": at(9) + 3 * DAY, "pm": at(15) + 3 * DAY}
    job = jobs.get(key="am")
    assert slots.run(job.payload, NOW, watch=replace(watch_rules(), windows=())) is None


@pytest.mark.parametrize(("cases", "slots_made"), [(True, 16), (False, 4)])
def test_last_week_of_a_year_that_a_sandbox_skips_is_probed(cases: bool, slots_made: int) -> None:
    """The first day was already in progress when the clock began to move."""
    if cases:
        watched(save=["queryInstance"])
    its, heading = market(), MORNING + 365 * DAY

    def moved(payload: Mapping[str, Any], now: datetime) -> datetime | None:
        return slots.run(payload, now, watch=watch_rules(), heading_for=heading)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(wiring.TASKS, slots.TIMER, moved)
        its.until(heading)
    assert ProbeSlot.objects.count() == slots_made
