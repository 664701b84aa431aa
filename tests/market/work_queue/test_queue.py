"""The work queue in a browser: ordered by due time, taken, snoozed, returned, and closed only when its cause is gone
(pages.md).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import factories
from tests.market.sites import renewing
from tests.market.sites.seller_center.shops import enter
from tradepost.market.base import clock
from tradepost.market.base.config import Config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.fulfilment.models import Drift
from tradepost.market.identity.models import User
from tradepost.market.probes.models import WorkItem
from tradepost.market.work_queue import handle, queue_queries, retention
from tradepost.market.work_queue.contract import Clock, Entry
from tradepost.market.work_queue.models import Handling, HandlingChange
from tradepost.market.work_queue.queue_queries import QueueFilter
from tradepost.market.work_queue.registry import sources

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, tzinfo=timezone.get_fixed_timezone(0))  # a Monday, noon in Shanghai
URL = "/console/queue/"


def clock_at(now: datetime) -> Clock:
    return Clock(now=now, settings=Config(), zone=timezone.get_default_timezone())


def item(opened_at: datetime, occasion: str = "2026-03-01") -> WorkItem:
    return WorkItem.objects.create(
        kind="failed_orders", product=_product(), occasion=occasion, opened_at=opened_at
    )  # fmt: skip


def _product() -> Product:
    last = WorkItem.objects.order_by("-pk").first()
    return last.product if last else factories.make_product()


EVERYTHING = QueueFilter()


def keys(query: QueueFilter = EVERYTHING, *, reader: User, now: datetime = NOW) -> list[str]:
    return [
        queue_entry.entry.key for queue_entry in queue_queries.listed(query, reader=reader, clock=clock_at(now)).entries
    ]


def entry(of: WorkItem, now: datetime = NOW) -> Entry:
    queue_entry = queue_queries.find("probes", of.pk, clock_at(now))
    assert queue_entry is not None
    return queue_entry.entry


@pytest.fixture
def me() -> User:
    return factories.make_operator(email="me@market.example")


def page_at(client: Client, path: str = URL, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'"))


def test_every_source_has_a_name_for_addresses_words_and_a_list() -> None:
    for name, source in sources().items():
        assert re.fullmatch(r"[a-z_]{2,32}", name)
        assert str(source.title)
        assert source.list_url().startswith("/console/")
        assert source.rows().query.order_by, f"{name}: the most urgent first"


def test_queue_is_ordered_by_due_time_and_an_entry_ends_with_its_cause(me: User) -> None:
    """Working days: opened on a Monday is due on Thursday at 18:00 (business-rules §12: within three); entries without
    a rule are due after one.
    """
    later, sooner = item(NOW - timedelta(hours=1), "2026-03-01"), item(NOW - timedelta(days=7), "2026-02-01")
    service = renewing.service()
    drift = Drift.objects.create(
        subscription=service, seller=service.seller, what="left", repair="release", found_at=NOW, seen_at=NOW
    )
    order = [f"probes:{sooner.pk}", f"drift:{drift.pk}", f"probes:{later.pk}"]
    assert keys(reader=me) == order
    entries = queue_queries.listed(QueueFilter(), reader=me, clock=clock_at(NOW)).entries
    assert [queue_entry.late for queue_entry in entries] == [True, False, False]
    assert [timezone.localtime(queue_entry.entry.due_at).isoformat() for queue_entry in entries[1:] if queue_entry.entry.due_at] == [
        "2026-03-03T18:00:00+08:00", "2026-03-05T18:00:00+08:00",
    ]  # fmt: skip
    assert int(queue_queries.waiting_count(NOW)) == 3
    WorkItem.objects.filter(pk=sooner.pk).update(closed_at=NOW, closed_by="me", note="spoken to them")
    Drift.objects.filter(pk=drift.pk).update(settled_at=NOW)
    assert keys(reader=me) == order[2:]
    assert queue_queries.find("probes", sooner.pk, clock_at(NOW)) is None
    assert keys(QueueFilter(source="drift"), reader=me) == []
    assert keys(QueueFilter(source="nothing"), reader=me) == []


def test_snoozed_entry_is_hidden_and_returns_automatically(me: User) -> None:
    first, second = item(NOW - timedelta(hours=2), "2026-03-01"), item(NOW - timedelta(hours=1), "2026-02-01")
    back = NOW + timedelta(days=1)
    handle.snooze(entry(first), back, knowing=False, by=me, now=NOW)
    assert keys(reader=me) == [f"probes:{second.pk}"]
    assert keys(QueueFilter(snoozed=True), reader=me) == [f"probes:{first.pk}"]
    assert int(queue_queries.waiting_count(NOW)) == 1
    assert keys(reader=me, now=back) == [f"probes:{first.pk}", f"probes:{second.pk}"]
    assert keys(QueueFilter(snoozed=True), reader=me, now=back) == []
    beyond = NOW + timedelta(days=30)
    with pytest.raises(Refused, match=r"queue\.beyond_due"):
        handle.snooze(entry(second), beyond, knowing=False, by=me, now=NOW)
    assert Handling.objects.count() == 1
    handle.snooze(entry(second), beyond, knowing=True, by=me, now=NOW)
    handle.snooze(entry(second), None, knowing=False, by=me, now=NOW)
    assert keys(reader=me) == [f"probes:{second.pk}"]
    assert list(HandlingChange.objects.order_by("pk").values_list("what", "by")) == [
        (event, me.email) for event in ("snoozed", "snoozed", "woken")
    ]


def test_second_operator_to_take_an_entry_learns_who_has_it(me: User) -> None:
    other = factories.make_operator(email="other@market.example")
    product = item(NOW)
    browser = enter(me)
    assert int(queue_queries.waiting_count(clock.now())) == 1
    handle.assign(entry(product), other, seen=None, by=other, now=NOW)
    answer = browser.post(f"{URL}probes/{product.pk}/assign/", {"assignee": "me", "seen": ""})
    assert answer.status_code == 422
    assert f"{other} is already handling this item. Nothing was changed." in answer.content.decode()
    handling = Handling.objects.get()
    assert (handling.assignee, handling.changed_by, handling.changes.count()) == (other, other.email, 1)
    browser.post(f"{URL}probes/{product.pk}/assign/", {"assignee": "me", "seen": str(other.pk)})
    handling.refresh_from_db()
    assert handling.assignee == me, "who saw who has it may take it over"
    response = browser.post(f"{URL}probes/{product.pk}/assign/", {"assignee": "me", "seen": ""})
    assert response.status_code == 302, "the same twice is done once"
    assert handling.changes.count() == 2


def test_filters_mine_and_unassigned(me: User) -> None:
    mine, nobodys, others = (item(NOW - timedelta(hours=n), f"2026-0{n}-01") for n in (3, 2, 1))
    other = factories.make_operator(email="other@market.example")
    handle.assign(entry(mine), me, seen=None, by=other, now=NOW)
    handle.assign(entry(others), other, seen=None, by=me, now=NOW)
    assert keys(QueueFilter(whose="mine"), reader=me) == [f"probes:{mine.pk}"]
    assert keys(QueueFilter(whose="nobody"), reader=me) == [f"probes:{nobodys.pk}"]
    assert len(keys(reader=me)) == 3
    with pytest.raises(Refused, match=r"queue\.no_operator"):
        handle.assign(entry(nobodys), factories.make_buyer(), seen=None, by=me, now=NOW)
    assert keys(QueueFilter(whose="nobody"), reader=me) == [f"probes:{nobodys.pk}"]


def test_long_source_shows_its_count_and_is_not_hidden_by_snoozed_entries(
    me: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_queries, "MAX_ENTRIES", 2)
    items = [item(NOW - timedelta(hours=9 - n), f"2026-0{n + 1}-01") for n in range(5)]
    handle.snooze(entry(items[0]), NOW + timedelta(days=1), knowing=False, by=me, now=NOW)
    listed = queue_queries.listed(QueueFilter(), reader=me, clock=clock_at(NOW))
    assert [queue_entry.entry.pk for queue_entry in listed.entries] == [items[1].pk, items[2].pk]
    assert [(rest.source.name, int(rest.count)) for rest in listed.more] == [("probes", 2)]


def test_page_takes_snoozes_and_notes_and_returns_to_its_list(me: User) -> None:
    product, browser = item(clock.now() - timedelta(minutes=5)), enter(me)
    page = page_at(browser, show="nobody", at=f"probes:{product.pk}")
    assert "Too many failed orders" in page
    assert f'action="{URL}probes/{product.pk}/assign/"' in page
    listed = f"{URL}?show=nobody&source=probes"
    answer = browser.post(f"{URL}probes/{product.pk}/assign/", {"assignee": "me", "seen": "", "back": listed})
    assert answer["Location"] == f"{listed}&at=probes%3A{product.pk}"
    browser.post(
        f"{URL}probes/{product.pk}/note/", {"note": " he calls back ", "back": "https://evil.example/console/queue/"}
    )
    browser.post(f"{URL}probes/{product.pk}/put-off/", {"until": "tomorrow"})
    handling = Handling.objects.get()
    assert (handling.assignee, handling.note, handling.snoozed_until is not None) == (me, "he calls back", True)
    assert "No entries need an operator" in page_at(browser)
    beside = page_at(browser, show="snoozed", at=f"probes:{product.pk}")
    for words in ("he calls back", "me@market.example", "Given to", "Postponed until"):
        assert words in beside, words
    refused = browser.post(f"{URL}probes/{product.pk}/put-off/", {"until": "date", "date": "yesterday"})
    assert (refused.status_code, "Type a date." in refused.content.decode()) == (422, True)
    outside = browser.post(
        f"{URL}probes/{product.pk}/note/", {"note": "x", "back": "https://evil.example/console/queue/"}
    )
    assert outside["Location"].startswith(f"{URL}?at=")
    WorkItem.objects.update(closed_at=clock.now())
    response = browser.post(f"{URL}probes/{product.pk}/note/", {"note": "too late"})
    assert (response.status_code, Handling.objects.get().note) == (409, "x")
    assert "is resolved" in page_at(browser, at=f"probes:{product.pk}")
    assert browser.get(f"{URL}probes/{product.pk}/").status_code == 404


def test_most_urgent_entry_is_open_beside_the_list(me: User) -> None:
    """On a phone, where the side panel would cover the list, only a selected entry is open."""
    first, second = (item(clock.now() - timedelta(hours=n), f"2026-0{n}-01") for n in (3, 2))
    browser = enter(me)
    page = page_at(browser)
    side = page[page.index('id="c-peek"') :]
    assert f'data-entry="probes:{first.pk}"' in side
    assert f'action="{URL}probes/{first.pk}/assign/"' in side
    assert "c-peek-first" in page
    chosen = page_at(browser, at=f"probes:{second.pk}")
    assert f'data-entry="probes:{second.pk}"' in chosen
    assert "c-peek-first" not in chosen


def test_side_panel_is_part_of_a_page_and_the_count_is_live(me: User) -> None:
    product, browser = item(clock.now()), enter(me)
    part = browser.get(f"{URL}probes/{product.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert f'data-entry="probes:{product.pk}"' in part
    assert "<html" in browser.get(f"{URL}probes/{product.pk}/").content.decode()
    assert 'hx-get="/console/queue/count/"' in page_at(browser, "/console/orders/")
    assert ">1<" in page_at(browser, f"{URL}count/")


def test_notes_are_deleted_some_time_after_the_entry_ended(me: User) -> None:
    old_entry, open_entry = item(NOW, "2026-03-01"), item(NOW, "2026-02-01")
    for product in (old_entry, open_entry):
        handle.note(entry(product), "seen", by=me, now=NOW)
    Handling.objects.create(source="of an earlier version", entry=1, changed_at=NOW, changed_by="x")
    WorkItem.objects.filter(pk=old_entry.pk).update(closed_at=NOW)
    sweep = retention.HANDLINGS.work
    assert sweep(NOW) == 0, "nothing is old yet"
    assert sweep(NOW + timedelta(seconds=1)) == 2
    assert [handling.entry for handling in Handling.objects.all()] == [open_entry.pk]
    assert HandlingChange.objects.count() == 1
    assert sweep(NOW + timedelta(days=400)) == 0, "it stays for as long as its fact"
