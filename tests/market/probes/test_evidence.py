"""Displayed states match the evidence: what pages show before and after each event, compared with the responses so far."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client
from django.utils import timezone, translation

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.market.debugging.answering import answer, tried
from tests.market.probes.watching import DAY, MORNING, NIGHT, TODAY, WRONG, ZONE, Market, at, market, watched
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.catalog.models import Product
from tradepost.market.debugging.models import DebugCase
from tradepost.market.probes import manual, operator_queries, seller_queries
from tradepost.market.probes.models import Health, ProbeDay, ProbeRun, ProbeSlot
from tradepost.market.production.address_health import AddressState, health_of
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.web.probes import HealthNote, watched_health
from tradepost.market.web.watching import watch as watch_rules
from tradepost.protocols.commands import CallResult, Done

pytestmark = pytest.mark.django_db
NOON = at(12, 59)


class Server:
    """Responds well until ``broken``."""

    def __init__(self) -> None:
        self.broken = False

    def __call__(self, _call: Any, _now: datetime) -> CallResult:
        return WRONG if self.broken else Done()


def shown_status(product: Product, now: datetime) -> HealthNote:
    fresh = Product.objects.get(pk=product.pk)
    today = now.astimezone(ZONE).date()
    with translation.override("en"):
        monitored = seller_queries.monitored_product(fresh, watch=watch_rules(), today=today)
        return watched_health(monitored, freeze_days=config().probes.probe_freeze_days)


def cases_pass(product: Product, now: datetime) -> None:
    """Save passing results, as a replay does."""
    DebugCase.objects.filter(address=product.binding.address).update(passed=True, tried_at=now)


def probed(server: Server | None = None) -> tuple[Product, Market, Server]:
    own = server or Server()
    product = watched(make_seller(member=make_buyer(balance="0")))
    cases_pass(product, MORNING)
    return product, market(own, now=MORNING), own


def test_product_is_untested_until_all_its_cases_passed() -> None:
    product = watched(save=["newInstance"])
    assert shown_status(product, MORNING).state == "untested", "three of four are not saved"
    DebugCase.objects.all().delete()
    assert shown_status(product, MORNING).state == "untested"
    complete = watched()
    assert shown_status(complete, MORNING).state == "tested"
    DebugCase.objects.filter(address=complete.binding.address, activity="newInstance").update(passed=False)
    assert shown_status(complete, MORNING).state == "untested"


def test_address_is_untested_until_a_test_call_passed() -> None:
    product = watched()
    address = product.binding.address
    assert health_of(Address.objects.get(pk=address.pk)).state is AddressState.UNTESTED
    call = tried(address, "queryInstance")
    answer(call, now=NOW)
    health = health_of(Address.objects.get(pk=address.pk))
    assert (health.state, health.at) == (AddressState.HEALTHY, NOW)


@pytest.mark.slow
def test_third_failure_shows_at_once_and_not_when_the_slot_closes() -> None:
    product, its, server = probed()
    its.until(NOON)
    assert shown_status(product, its.now).state == "passing"
    server.broken = True
    before = None
    while ProbeRun.objects.filter(verdict="failed").count() == 0:
        before = shown_status(product, its.now)
        its.go(timedelta(minutes=1))
        assert its.now < NIGHT
    assert before is not None
    assert before.state == "passing", "one or two failed tries are no failed case"
    assert Health.objects.get(product=product).verdict == "passed", "the slot is not judged yet"
    shown = shown_status(product, its.now)
    assert shown.state == "failing"
    failed = ProbeRun.objects.filter(verdict="failed").earliest("pk")
    assert "The slot counts once it has closed." in shown.words
    assert failed.activity in shown.words or ProbeRun.objects.filter(verdict="failed").count() > 1
    slot = failed.slot
    assert failed in operator_queries.failing_runs(watch=watch_rules(), now=its.now)
    assert watch_rules().is_under_way(slot.date, slot.half, now=its.now)
    unfinished = its.now + timedelta(hours=12)
    assert operator_queries.failing_runs(watch=watch_rules(), now=unfinished) == [], (
        "a slot that nothing closed is over"
    )
    its.until(NIGHT)
    assert "sales are suspended at the end of" in shown_status(product, its.now).words


def operator() -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def test_no_page_reports_a_failed_probe_after_a_passed_replay() -> None:
    product, its, server = probed()
    server.broken = True
    its.until(NOON)
    health = Health.objects.get(product=product)
    assert shown_status(product, its.now).state == "failing"
    assert health.seen_at is not None
    cases_pass(product, health.seen_at - timedelta(minutes=1))
    assert shown_status(product, its.now).state == "failing", "what passed before the probe says nothing about it"
    cases_pass(product, its.now)
    shown = shown_status(product, its.now)
    assert shown.state == "recovering"
    assert "All required cases passed" in shown.words
    assert "last probe failed" not in shown.words.lower()
    DebugCase.objects.filter(activity="newInstance").update(passed=False)
    assert shown_status(product, its.now).state == "failing", "all of them must pass"


@pytest.mark.slow
def test_passed_replay_of_a_frozen_product_is_shown() -> None:
    product, its, server = probed()
    server.broken = True
    its.until(NIGHT + 5 * DAY)
    assert Product.objects.get(pk=product.pk).status == "frozen"
    assert "and probes still fail" in shown_status(product, its.now).words
    cases_pass(product, its.now)
    shown = shown_status(product, its.now)
    assert (shown.state, "still fail" in shown.words) == ("frozen", False)
    assert "All required cases passed" in shown.words


@pytest.mark.parametrize(("first_broken", "state"), [(True, "recovering"), (False, "failing")])
def test_manual_probe_is_evidence_of_failure_and_of_success(first_broken: bool, state: str) -> None:
    product, its, server = probed()
    server.broken = first_broken
    its.until(NOON)
    server.broken = not first_broken
    manual.probe_now(product, by="op", watch=watch_rules(), now=its.now)
    its.go(timedelta(minutes=5))
    assert shown_status(product, its.now).state == state
    if state == "failing":
        assert "A probe by hand is not counted." in shown_status(product, its.now).words


def test_run_whose_call_ended_is_not_in_progress_and_blocks_no_probe() -> None:
    product, its, _ = probed()
    slot = manual.probe_now(product, by="op", watch=watch_rules(), now=its.now)
    assert {run.state for run in manual.runs_of(slot)} == {"open"}
    Attempt.objects.all().delete()
    ProbeRun.objects.filter(slot=slot).update(call=None)
    assert {run.state for run in manual.runs_of(slot)} == {"unknown"}
    second_slot = manual.probe_now(product, by="op", watch=watch_rules(), now=its.now)
    assert second_slot.pk != slot.pk
    assert set(ProbeRun.objects.filter(slot=slot).values_list("verdict", flat=True)) == {"unknown"}
    assert Call.objects.exists()


@pytest.mark.parametrize(
    ("over", "half", "words"),
    [("", "", "not judged yet, not judged yet"), ("passed", "", "not probed, Passed"), ("", "failed", "Failed, not judged yet")],
)  # fmt: skip
def test_half_without_a_verdict_is_not_in_progress_for_ever(over: str, half: str, words: str) -> None:
    day = ProbeDay(date=TODAY, am=half, pm="passed" if over else "", verdict=over)
    with translation.override("en"):
        shown = Template("{% load probes %}{% probe_halves day %}").render(Context({"day": day}))
    assert shown == words


def test_slot_that_never_closed_is_in_progress_only_as_long_as_possible() -> None:
    watch = watch_rules()
    opened = ProbeSlot(date=TODAY, half="am", opened_at=at(9))
    assert watch.is_under_way(opened.date, opened.half, now=at(10))
    assert not watch.is_under_way(opened.date, opened.half, now=at(20))
    assert not watch.is_under_way(opened.date, "none", now=at(10))
    long_ago = clock.now() - 30 * DAY  # the time that the page compares with
    ProbeSlot.objects.create(date=long_ago.date(), half="am", opened_at=long_ago)
    page = operator().get("/console/probes/").content.decode()
    assert "Not finished" in page
    assert "Under way" not in page


def test_operators_see_failures_of_the_open_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    ten = timezone.localtime(clock.now(), ZONE).replace(hour=10)  # in the morning's slot, whatever the time of this run
    monkeypatch.setattr(clock, "wall", lambda: ten)
    address = watched().binding.address
    slot = ProbeSlot.objects.create(date=timezone.localdate(clock.now()), half="am", opened_at=clock.now())
    run = ProbeRun.objects.create(
        slot=slot, seller=address.seller, address=address, activity="newInstance", started_at=clock.now(),
        due_at=clock.now(), ended_at=clock.now(), verdict="failed",
    )  # fmt: skip
    page = operator().get("/console/probes/").content.decode()
    listed = page[page.index("Failed in the current slot") :]
    assert f'href="/console/probes/runs/{run.pk}/"' in listed
    ProbeSlot.objects.update(closed_at=clock.now())
    assert "Failed in the current slot" not in operator().get("/console/probes/").content.decode()


def test_evidence_takes_the_same_queries_for_any_number_of_products(django_assert_max_num_queries: Any) -> None:
    seller = make_seller(member=make_buyer(balance="0"))
    for _ in range(4):
        watched(seller)
    counted = []
    for size in (1, 4):
        chosen = Product.objects.filter(pk__in=list(Product.objects.values_list("pk", flat=True)[:size]))
        with django_assert_max_num_queries(20) as captured:
            seller_queries.monitored_products(chosen, watch=watch_rules(), today=TODAY)
        counted.append(len(captured))
    assert counted[0] == counted[1]
