"""Issue 27, 5: notices of one kind about one object on one day are one entry with a count, in the lists and at the bell."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_member, make_operator, make_seller
from tests.market.sites.seller_center.shops import enter
from tradepost.market.identity.models import User
from tradepost.market.notifications.inbox import MAX_UNREAD, Group, inbox, inbox_by_group, mark_all_read, mark_read
from tradepost.market.notifications.models import Notice
from tradepost.market.web.context import reader_facts

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime.fromisoformat("2026-03-02T00:00:00+08:00")
"""In the market's time zone."""


def make_notice(user: User, *, kind: str = "order_completed", link: str = "/orders/CS1/", at: datetime = NOW) -> int:
    facts = {"product": "CRM", "order": "CS1"}
    once = f"{kind}/{Notice.objects.count()}/{user.pk}"
    return Notice.objects.create(user=user, kind=kind, link=link, facts=facts, created_at=at, once=once).pk


def grouped_keys(user: User, **options: object) -> list[list[int]]:
    return [[item.notice.pk for item in group.items] for group in inbox_by_group(user, **options).rows]  # type: ignore[arg-type]


def bell_count(user: User) -> str:
    class Request:
        def __init__(self) -> None:
            self.user = user

    return str(reader_facts(Request()).unread)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "grouped"),
    [
        ({}, True),
        ({"at": NOW + timedelta(hours=3)}, True),
        ({"link": "/orders/CS2/"}, False),
        ({"kind": "order_refunded"}, False),
        ({"at": MIDNIGHT}, False),
        ({"at": MIDNIGHT - timedelta(seconds=1)}, True),
    ],
)
def test_notices_are_grouped_by_kind_object_and_day(changes: dict[str, object], grouped: bool) -> None:
    user = make_buyer()
    first, second = make_notice(user), make_notice(user, **changes)  # type: ignore[arg-type]
    assert grouped_keys(user) == ([[second, first]] if grouped else [[second], [first]])
    assert bell_count(user) == ("1" if grouped else "2")


def test_notices_without_a_link_are_not_grouped() -> None:
    user = make_buyer()
    first, second = make_notice(user, link=""), make_notice(user, link="")
    assert grouped_keys(user) == [[second], [first]]
    assert bell_count(user) == "2"


def test_pages_show_every_notice_once() -> None:
    user = make_buyer()
    keys = [make_notice(user, link=f"/orders/CS{n % 4}/", at=NOW + timedelta(hours=n // 6)) for n in range(30)]
    for size in (1, 2, 3, 25):
        seen, after = [], ""
        while True:
            page = inbox_by_group(user, after=after, size=size)
            assert len(page.rows) <= size
            seen += [item.notice.pk for group in page.rows for item in group.items]
            if not (after := page.next_key):
                break
        assert sorted(seen, reverse=True) == keys[::-1]
        assert len(seen) == len(keys)


@pytest.mark.parametrize("site", ["", "/seller", "/console"])
def test_group_is_one_entry_and_opening_it_marks_all_as_read(site: str) -> None:
    user = make_operator() if site == "/console" else make_buyer()
    make_member(make_seller(), user)
    for _ in range(3):
        make_notice(user)
    other_notice = make_notice(user, link="/orders/CS9/")
    client = enter(user)
    page = client.get(f"{site}/notices/").content.decode()
    lists = re.findall(r'<ul class="tp-notices">.*</ul>', page, re.DOTALL)[0]
    assert lists.count("<form") == 2
    assert "2 more notices like this on the same day" in page
    newest, oldest = sorted(Notice.objects.filter(link="/orders/CS1/").values_list("pk", flat=True))[::-2]
    assert f'name="oldest" value="{oldest}"' in page
    client.post(f"{site}/notices/{newest}/open/", {"oldest": str(oldest)})
    assert list(Notice.objects.filter(read_at=None).values_list("pk", flat=True)) == [other_notice]
    assert bell_count(user) == "1"


def test_only_notices_of_the_group_are_marked_as_read() -> None:
    user, other = make_buyer(), make_buyer()
    first = make_notice(user)
    foreign, other_object, next_day = (
        make_notice(other),
        make_notice(user, link="/orders/CS2/"),
        make_notice(user, at=MIDNIGHT),
    )
    last = make_notice(user)
    assert mark_read(user, now=NOW, notice=last, oldest=first)
    unread = set(Notice.objects.filter(read_at=None).values_list("pk", flat=True))
    assert unread == {foreign, other_object, next_day}
    assert not mark_read(user, now=NOW, notice=foreign, oldest=1)
    assert set(Notice.objects.filter(read_at=None).values_list("pk", flat=True)) == unread


def test_bell_shows_a_plus_above_its_limit() -> None:
    user = make_buyer()
    Notice.objects.bulk_create(
        Notice(user=user, kind="order_completed", link="/orders/CS1/", created_at=NOW, once=str(n))
        for n in range(MAX_UNREAD + 1)
    )
    assert bell_count(user) == "1+"
    mark_all_read(user, now=NOW)
    assert bell_count(user) == "0"
    assert [group.unread for group in inbox_by_group(user).rows] == [False]
    assert isinstance(inbox_by_group(user).rows[0], Group)
    assert len(inbox(user).rows) == 25
    assert Client().get("/").status_code == 200
