"""The audit log: append-only, searchable by actor, act and time, exportable, and deleted only with a clearance."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import factories
from tests.architecture.source import ROOT
from tests.market.sites.seller_center.shops import enter
from tradepost.market.audit import queries, retention
from tradepost.market.audit.models import Clearance, Entry, Outcome
from tradepost.market.audit.queries import LogFilter
from tradepost.market.audit.record import Act, Subject, record
from tradepost.market.base import clock
from tradepost.market.catalog.models import Product
from tradepost.market.payments.models import Transfer
from tradepost.market.web.audit_acts import ACTS

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
URL = "/console/audit/"


def make_entry(
    name: str = "product_freeze", *, at: datetime = NOW, by: str = "op@market.example", **more: Any
) -> Entry:
    outcome, reason = more.pop("outcome", Outcome.DONE), more.pop("reason", "")
    return record(Act(name=name, actor=None, actor_text=by, **more), outcome, now=at, reason=reason)


@pytest.fixture
def console() -> Client:
    return enter(factories.make_operator(email="op@market.example"))


def test_database_refuses_to_change_or_delete_an_entry() -> None:
    entry = make_entry()
    for change in (
        lambda: Entry.objects.filter(pk=entry.pk).update(outcome=Outcome.REFUSED),
        lambda: Entry.objects.filter(pk=entry.pk).delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    Clearance.objects.create(before=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.filter(pk=entry.pk).delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Clearance.objects.all().delete()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Clearance.objects.update(before=NOW + timedelta(days=1))
    assert Entry.objects.get().outcome == Outcome.DONE


def test_old_entries_are_deleted_with_a_clearance_that_stays() -> None:
    old, young = make_entry(at=NOW - timedelta(seconds=1)), make_entry(at=NOW)
    sweep = retention.ENTRIES.work
    assert sweep(NOW - timedelta(days=1)) == 0
    assert not Clearance.objects.exists()
    assert sweep(NOW) == 1
    assert sweep(NOW) == 0
    assert list(Entry.objects.values_list("pk", flat=True)) == [young.pk]
    assert old.pk != young.pk
    assert queries.clearance_until() == NOW
    assert list(Clearance.objects.values_list("before", "made_at")) == [(NOW, ANY)]


def test_refused_act_is_stored_though_its_transaction_is_rolled_back(console: Client) -> None:
    product = factories.make_product()
    response = console.post(f"/console/products/{product.pk}/freeze/", {"reason": ""})
    assert response.status_code == 422
    refused = Entry.objects.get()
    assert (refused.act, refused.object_kind, refused.object_id, refused.object_text, refused.seller_id) == (
        "product_freeze", "product", str(product.pk), product.name, product.seller_id,
    )  # fmt: skip
    assert (refused.outcome, refused.actor_text) == (Outcome.REFUSED, "op@market.example")
    console.post(f"/console/products/{product.pk}/freeze/", {"reason": "it sends spam"})
    refused_entry = Entry.objects.order_by("pk").last()
    assert refused_entry is not None
    assert (refused_entry.outcome, refused_entry.details["reason"]) == (Outcome.DONE, "it sends spam")
    assert Product.objects.get(pk=product.pk).status == Product.Status.FROZEN
    assert console.post("/console/queue/probes/4711/note/", {"note": "x"}).status_code == 409
    missing_entry = Entry.objects.order_by("pk").last()
    assert missing_entry is not None
    assert (missing_entry.outcome, missing_entry.reason.partition(":")[0]) == (Outcome.REFUSED, "queue.gone")
    assert console.post("/console/products/4711/stop/").status_code == 404
    assert Entry.objects.order_by("pk").values_list("outcome", "reason").last() == (Outcome.REFUSED, "404 Not Found")


def test_server_error_is_stored_and_a_view_only_act_is_marked(console: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = factories.make_buyer()
    booked = Transfer.objects.count()
    form = {"amount": "10.00", "reference": "BANK-1", "note": "by transfer"}
    console.post(f"/console/accounts/{buyer.pk}/top-up/", form)
    assert [entry.outcome for entry in Entry.objects.all()] == [Outcome.SHOWN]
    assert Transfer.objects.count() == booked

    def fails(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tradepost.market.sites.console.accounts.ledger.top_up", fails)
    with pytest.raises(ZeroDivisionError):
        console.post(f"/console/accounts/{buyer.pk}/top-up/", {**form, "confirmed": "1"})
    assert Entry.objects.order_by("pk").values_list("outcome", "reason").last() == (Outcome.FAILED, "ZeroDivisionError")
    monkeypatch.undo()
    console.post(f"/console/accounts/{buyer.pk}/top-up/", {**form, "confirmed": "1"})
    last = Entry.objects.order_by("pk").last()
    assert last is not None
    assert (last.outcome, last.details["reference"], last.object_text) == (Outcome.DONE, "BANK-1", buyer.email)


def test_acts_of_other_users_leave_no_entry() -> None:
    product = factories.make_product()
    assert (
        enter(factories.make_buyer()).post(f"/console/products/{product.pk}/freeze/", {"reason": "x"}).status_code
        == 404
    )
    assert Client().post(f"/console/products/{product.pk}/freeze/", {"reason": "x"}).status_code == 302
    assert not Entry.objects.exists()


def test_pages_continue_after_the_last_entry_even_at_one_moment() -> None:
    entry_keys = [make_entry(at=NOW + timedelta(seconds=n // 3)).pk for n in range(10)]
    seen_keys: list[int] = []
    after = ""
    for _ in range(5):
        result = queries.search(LogFilter(), after=after, size=2)
        seen_keys += [row.pk for row in result.rows]
        after = result.next_key
    assert (seen_keys, after) == (entry_keys[::-1], "")
    for cursor in ("x", "1", "1.x", "-1.1", f"{10**30}.1", "253402300799000001.1"):
        assert [row.pk for row in queries.search(LogFilter(), after=cursor, size=1).rows] == [entry_keys[-1]]


def test_log_is_searched_by_actor_act_object_and_time(console: Client) -> None:
    seller = factories.make_seller()
    about = Subject(kind="seller", id="7", text="青榭", seller=seller.pk)
    first = make_entry("seller_suspend", about=about, at=NOW - timedelta(days=1), by="other@market.example")
    second = make_entry("seller_resume", about=about, outcome=Outcome.REFUSED, reason="seller.active: It is active.")
    third = make_entry("top_up")
    for query, expected in (
        (LogFilter(), [third, second, first]), (LogFilter(actor="other@market.example"), [first]),
        (LogFilter(act="seller_resume"), [second]), (LogFilter(object_kind="seller", object_id="7"), [second, first]),
        (LogFilter(seller=str(seller.pk)), [second, first]), (LogFilter(refused=True), [second]),
        (LogFilter(since=NOW), [third, second]), (LogFilter(until=NOW), [first]), (LogFilter(seller="x"), []),
    ):  # fmt: skip
        assert queries.search(query).rows == expected, query
    page = console.get(URL, {"act": "seller_resume", "from": "2026-03-02", "to": "2026-03-02"}).content.decode()
    assert "Seller resumed" in page
    assert "seller.active: It is active." in page
    assert 'href="?act=seller_resume&amp;from=2026-03-02&amp;to=2026-03-02&amp;format=csv"' in page
    assert "Seller suspended</td>" not in page
    assert console.get(URL, {"from": "soon"}).status_code == 422
    assert console.get(URL, {"from": "2026-03-02", "to": "2026-03-01"}).status_code == 422
    assert console.get(URL, {"to": "2999-12-31"}).status_code == 200
    assert console.get(URL, {"to": "9999-12-31"}).status_code == 422
    assert "青榭" in console.get(f"{URL}{first.pk}/").content.decode()
    assert console.get(f"{URL}4711/").status_code == 404


def test_exported_table_is_safe_for_spreadsheets(console: Client) -> None:
    make_entry(details={"reason": "spam, again"}, about=Subject(kind="seller", id="7", text='=HYPERLINK("evil")'))
    answer = console.get(URL, {"from": "2026-03-01", "to": "2026-03-31", "format": "csv"})
    assert answer["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    head, row = csv.reader(answer.content.decode().removeprefix("\ufeff").splitlines())
    cells = dict(zip(head, row, strict=True))
    assert cells["About"] == '\'=HYPERLINK("evil")'
    shown_cells = (cells["Act code"], cells["What"], cells["Details"], cells["Object ID"])
    assert shown_cells == ("product_freeze", "Product sales suspended", "reason=spam, again", "7")
    assert console.get(URL, {"from": "x", "to": "y", "format": "csv"}).status_code == 422
    assert Entry.objects.filter(act="list_export", object_id="console:audit").count() == 1
    recorded = console.get(URL, {"act": "list_export"}).content.decode().partition("<tbody>")[2]
    assert '<a href="/console/audit/">Audit log</a>' in recorded, "a list is named by its heading instead of its code"


SEARCHES: dict[str, Callable[[], Any]] = {
    "all": lambda: queries.search(LogFilter()),
    "further": lambda: queries.search(LogFilter(), after=f"{int(NOW.timestamp() * 1_000_000) + 10_000_000_000}.10000"),
    "of one": lambda: queries.search(LogFilter(actor="op1@market.example")),
    "act": lambda: queries.search(LogFilter(act="act7")),
    "object": lambda: queries.search(LogFilter(object_kind="product", object_id="9")),
    "refused": lambda: queries.search(LogFilter(refused=True)),
    "time": lambda: queries.search(LogFilter(since=NOW, until=NOW + timedelta(hours=1))),
    "sweep": lambda: retention.ENTRIES.work(NOW),
}


@pytest.mark.postgres
@pytest.mark.parametrize("name", SEARCHES)
def test_no_search_reads_the_whole_log(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (at, actor_text, act, object_kind, object_id, object_text, outcome, reason, details,"
            " request, network) SELECT %s::timestamptz + n * interval '1 second', 'op' || n %% 20 || '@market.example',"
            " 'act' || n %% 40, 'product', (n %% 2000)::text, '', CASE WHEN n %% 500 = 3 THEN 'refused' ELSE 'done' END,"
            " '', '{}', '', '' FROM generate_series(1, 20000) n",
            [NOW],
        )
        cursor.execute("ANALYZE audit_entry")
    with CaptureQueriesContext(connection) as asked:
        SEARCHES[name]()
    assert asked.captured_queries
    for query in asked.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {query['sql']}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan on audit_entry" not in plan, plan
        assert "Sort" not in plan, plan


def test_clock_of_the_market_dates_an_entry(console: Client) -> None:
    console.post("/console/notices/read/")
    assert abs(Entry.objects.get().at - clock.now()) < timedelta(minutes=1)


def test_every_recorded_command_has_a_name() -> None:
    """A command without a name would appear as its code in both languages."""
    named_commands = {
        name
        for path in (ROOT / "src/tradepost/cli").glob("*.py")
        for line in re.findall(r"\brecorded_act\((.*?)[,)]", path.read_text())
        for name in re.findall(r'"([^"]+)"', line)
    }
    assert len(named_commands) > 10
    assert {f"cli {name}" for name in named_commands} <= ACTS.keys()
