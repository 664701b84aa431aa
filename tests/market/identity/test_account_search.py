"""Issue 27, must show 3: operators search accounts by prefix; the cost does not grow with the market."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import gettext, override

from tests import factories
from tests.market.explained import Read, explain_everything, explain_nothing, explained
from tradepost.market.identity import operator_queries
from tradepost.market.identity.account_search import accounts_beginning
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_queries import UserFilter, search_users

pytestmark = pytest.mark.django_db
CUSTOMER_ID = "00c0ffee000000000000000000000001"


@pytest.fixture
def account() -> User:
    factories.make_buyer(name="李雷", company="青山数据", email="li.lei@qingshan.example", phone="13912345678")
    return factories.make_buyer(
        name="Wang Fang", company="ACME 蓝天实业", email="Wang.Fang@Lantian.example", phone="+8613800138000",
        customer_id=CUSTOMER_ID,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("wang.fang@lantian.example", True),
        ("WANG.FANG@LANTIAN.EXAMPLE", True),
        ("Wang.F", True),
        ("wang f", True),
        ("  Wang Fang ", True),
        ("acme 蓝天", True),
        ("+86 138-0013", True),
        ("00C0FFEE", True),
        (CUSTOMER_ID, True),
        ("lantian", False),
        ("蓝天", False),
        ("138", False),
        ("c0ffee", False),
        ("%", False),
        ("_ang", False),
    ],
)
def test_account_search_matches_prefixes(account: User, text: str, *, matches: bool) -> None:
    assert search_users(UserFilter(text=text)).rows == ([account] if matches else [])


def test_account_search_can_be_filtered_and_sorted(account: User) -> None:
    newer = factories.make_buyer(name="Wang Wei")
    assert search_users(UserFilter(text="wang")).rows == [newer, account]
    assert search_users(UserFilter(text="wang"), after="oldest").rows == [account, newer]
    assert search_users(UserFilter(text="wang", role="operator")).rows == []
    assert search_users(UserFilter(text="wang", since=newer.joined_at.replace(year=2999))).rows == []


def test_truncated_search_shows_a_notice_and_offers_no_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_queries, "MAX_RESULTS", 2)
    client = Client(headers={"accept-language": "en"})
    client.force_login(factories.make_operator())
    for number in range(3):
        factories.make_buyer(name=f"Zhou {number}")
    with override("en"):
        notice = gettext("The search stops at %(number)s matches. Enter more of the text to find the others.") % {
            "number": 2
        }
    url = reverse("console:accounts")
    truncated = client.get(url, {"q": "zhou"})
    assert (notice in truncated.content.decode(), len(truncated.context["rows"]), truncated.context["formats"]) == (
        True,
        2,
        (),
    )
    assert client.get(url, {"q": "zhou", "format": "csv"}).status_code == 409
    for query in ("zhou 1", "zhou 9"):
        assert notice not in client.get(url, {"q": query}).content.decode()
    assert client.get(url, {"q": "zhou 1", "format": "csv"}).status_code == 200


@pytest.mark.postgres
def test_account_search_reads_no_more_rows_than_its_limit() -> None:
    """With 3,000 accounts of which 1,000 match, each index scan stops at the limit of the search."""
    User.objects.bulk_create(
        User(email=f"z{number}@many.example", name=f"{'陈静' if number % 3 else '周'}{number}", company=f"公司{number}")
        for number in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE identity_user")
        for scan in ("seqscan", "bitmapscan"):  # in a small table the planner may prefer either to an ordered index
            cursor.execute(f"SET LOCAL enable_{scan} = off")
    reads: list[Read] = []
    explain_everything()
    with explained(reads.append), CaptureQueriesContext(connection) as captured:
        assert len(accounts_beginning("周", most=501)) == 501
        assert accounts_beginning("没有的", most=501) == []
        assert accounts_beginning("z2999@many.example", most=501) == [User.objects.latest("pk").pk]
    explain_nothing()
    assert len(captured) == 4
    account_reads = [read for read in reads if read.table == "identity_user"]
    assert {read.how for read in account_reads if "Seq Scan" in read.how} == set()
    assert max(read.rows for read in account_reads) == 501


@pytest.mark.sqlite
def test_account_search_uses_an_index_for_each_column() -> None:
    with CaptureQueriesContext(connection) as captured:
        accounts_beginning("139", most=501)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {captured[0]['sql']}")
        steps = [step for *_, step in cursor.fetchall() if "identity_user" in step]
    assert [step for step in steps if not step.startswith("SEARCH")] == []
    assert len(steps) == 6
