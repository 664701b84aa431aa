"""A buyer's own objects: services with their access data, notices, balance, details; not those of others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.templatetags.static import static
from django.test import Client

from tests import factories
from tests.factories.people import PASSWORD
from tradepost.market.base import clock
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.notifications.inbox import inbox
from tradepost.market.notifications.models import Notice
from tradepost.market.payments import ledger
from tradepost.market.seed.people import LOGINS
from tradepost.market.subscriptions.lifecycle import SUBSCRIPTION, SubscriptionEvent
from tradepost.market.subscriptions.models import Subscription
from tradepost.protocols.commands import AppInfo

pytestmark = pytest.mark.django_db


@pytest.fixture
def buyer(client: Client) -> User:
    client.cookies["django_language"] = "en"
    buyer = factories.make_buyer()
    client.force_login(buyer)
    return buyer


def make_service(buyer: User, **how: Any) -> Subscription:
    return factories.make_subscription(factories.make_order(buyer, paid=True), **how)


def page_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"[ \n]+", " ", answer.content.decode())


# --- services ----------------------------------------------------------------------------------------------------


def test_service_shows_how_to_sign_in_but_not_its_password(client: Client, buyer: User) -> None:
    subscription = make_service(buyer)
    answer = client.get(f"/services/{subscription.pk}/")
    page = answer.content.decode()
    assert "https://app.qingxie.example/t/1" in page
    assert "lantian" in page
    assert "首次登录后请修改密码。" in page
    assert "Open-Sesame-7" not in page
    assert answer["Cache-Control"] == "private, no-store"


def test_password_is_sent_only_to_its_owner_and_not_cached(client: Client, buyer: User) -> None:
    answer = client.post(f"/services/{make_service(buyer).pk}/password/")
    assert (answer.status_code, answer.content) == (200, b"Open-Sesame-7")
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"


def test_password_needs_a_post_with_a_token(buyer: User) -> None:
    subscription = make_service(buyer)
    client = Client(enforce_csrf_checks=True)
    client.force_login(buyer)
    assert client.get(f"/services/{subscription.pk}/password/").status_code == 405
    assert client.post(f"/services/{subscription.pk}/password/").status_code == 403


def test_service_of_another_buyer_is_not_found(client: Client, buyer: User) -> None:
    foreign = make_service(factories.make_buyer())
    assert client.get(f"/services/{foreign.pk}/").status_code == 404
    answer = client.post(f"/services/{foreign.pk}/password/")
    assert answer.status_code == 404
    assert b"Open-Sesame-7" not in answer.content


def test_stranger_gets_no_password(client: Client) -> None:
    answer = client.post(f"/services/{make_service(factories.make_buyer()).pk}/password/")
    assert answer.status_code == 302
    assert answer.content == b""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([SubscriptionEvent.FREEZE], "frozen"),
        ([SubscriptionEvent.END], "Service ended"),
        ([SubscriptionEvent.END, SubscriptionEvent.RELEASE], "has ended"),
    ],
)
def test_inactive_service_gives_no_access(
    client: Client, buyer: User, events: list[SubscriptionEvent], words: str
) -> None:
    subscription = make_service(buyer)
    for event in events:
        SUBSCRIPTION.move(subscription, event, now=factories.NOW)
    page = page_of(client, f"/services/{subscription.pk}/")
    assert words in page
    assert "app.qingxie.example" not in page
    assert client.post(f"/services/{subscription.pk}/password/").status_code == 404


def test_response_of_a_seller_cannot_become_a_script(client: Client, buyer: User) -> None:
    access = AppInfo(
        front_end_url="javascript:alert(1)", admin_url='https://x.example/"><script>', memo="<b>hi</b>\nthere"
    )
    page = page_of(client, f"/services/{make_service(buyer, access=access).pk}/")
    assert 'href="javascript:' not in page
    assert "<script>" not in page
    assert "&lt;b&gt;hi&lt;/b&gt;<br>there" in page


def test_service_whose_seller_contacts_the_buyer_directly_says_so(client: Client, buyer: User) -> None:
    """saas-v2 §3.2: the page says nothing only if the seller delivers the access data by SMS or mail."""
    assert "by email or text message" in page_of(client, f"/services/{make_service(buyer, access=None).pk}/")


def test_services_are_found_by_product_seller_and_state(client: Client, buyer: User) -> None:
    subscription, other = make_service(buyer), make_service(buyer, active=False)
    make_service(factories.make_buyer())

    def found(query: str = "") -> list[int]:
        return [row.pk for row in client.get(f"/services/{query}").context["page"].rows]

    assert found() == [other.pk, subscription.pk]
    assert found(f"?q={subscription.product.name}") == [subscription.pk]
    assert found(f"?q={other.seller.name_en}") == [other.pk]
    assert found("?status=active") == [subscription.pk]


@pytest.mark.slow
def test_pages_of_services_take_fixed_queries(client: Client, buyer: User, django_assert_num_queries: Any) -> None:
    subscription = make_service(buyer)
    for _ in range(4):
        make_service(buyer)
    with django_assert_num_queries(5):  # clock, session, user, services, frame
        client.get("/services/")
    # clock, session, user, service, order lines, periods, freezes, operations, history, refunds, frame; contact;
    # whether people of an enterprise sign in to it; the question to the seller (3)
    with django_assert_num_queries(18):
        client.get(f"/services/{subscription.pk}/")


# --- notices -----------------------------------------------------------------------------------------------------


def make_notice(user: User, link: str = "/balance/") -> Notice:
    facts = {
        "amount": {"minor": 500, "currency": "CNY"},
        "reference": "B-1",
        "balance": {"minor": 500, "currency": "CNY"},
    }
    return Notice.objects.create(
        user=user,
        kind="top_up",
        facts=facts,
        link=link,
        created_at=clock.now(),
        once=f"{user.pk} {Notice.objects.count()}",
    )


def test_opening_a_notice_marks_it_as_read_and_follows_its_link(client: Client, buyer: User) -> None:
    notice, other = make_notice(buyer), make_notice(buyer)
    answer = client.post(f"/notices/{notice.pk}/open/")
    assert answer["Location"] == "/balance/"
    assert list(Notice.objects.filter(read_at=None)) == [other]


def test_notice_links_to_no_other_host(client: Client, buyer: User) -> None:
    assert client.post(f"/notices/{make_notice(buyer, link='https://x.example/').pk}/open/")["Location"] == "/notices/"


def test_notice_of_another_person_is_not_found_and_stays_unread(client: Client, buyer: User) -> None:
    foreign = make_notice(factories.make_buyer())
    assert client.post(f"/notices/{foreign.pk}/open/").status_code == 404
    client.post("/notices/read/")
    foreign.refresh_from_db()
    assert foreign.read_at is None
    assert client.get("/notices/").context["page"].rows == []


def test_all_notices_are_marked_as_read_in_fixed_queries(
    client: Client, buyer: User, django_assert_num_queries: Any
) -> None:
    for _ in range(5):
        make_notice(buyer)
    with django_assert_num_queries(7):  # clock, session, user, read position, notices, their deliveries, frame
        assert "Mark all as read" in client.get("/notices/").content.decode()
    client.post("/notices/read/")
    assert not any(item.unread for item in inbox(buyer).rows)
    assert "Mark all as read" not in client.get("/notices/").content.decode()


def test_unread_notices_are_found_and_the_filter_is_kept(client: Client, buyer: User) -> None:
    read_notice, unread_notice = make_notice(buyer), make_notice(buyer)
    client.post(f"/notices/{read_notice.pk}/open/")

    def found(query: str) -> list[int]:
        groups = client.get(f"/notices/{query}").context["page"].rows
        return [item.notice.pk for group in groups for item in group.items]

    assert found("") == [unread_notice.pk, read_notice.pk]
    assert found("?only=unread") == [unread_notice.pk]
    assert found("?only=read") == [read_notice.pk]
    assert found("?only=nonsense") == []


# --- balance and details -----------------------------------------------------------------------------------------


def test_balance_lists_every_movement_with_its_cause(
    client: Client, buyer: User, django_assert_num_queries: Any
) -> None:
    order = factories.make_order(buyer, paid=True)
    # Clock, session, user, account, debt, entries, transfers and withdrawals in progress, frame.
    with django_assert_num_queries(9):
        answer = client.get("/balance/")
    rows = answer.context["page"].rows
    assert [(row.amount.minor, row.after.minor) for row in rows] == [(-10_000, 990_000), (1_000_000, 1_000_000)]
    assert f'href="/orders/{order.number}/"' in answer.content.decode()


def test_internal_note_is_not_shown_to_the_buyer(client: Client, buyer: User) -> None:
    """The operator's form states this."""
    ledger.top_up(buyer, Money(100, "CNY"), reference="ICBC-1", note="asks often", actor="operator", now=clock.now())
    page = client.get("/balance/").content.decode()
    assert "ICBC-1" in page
    assert "asks often" not in page


def test_buyer_without_money_reads_how_to_add_some(client: Client) -> None:
    client.force_login(factories.make_buyer(balance="0"))
    page = client.get("/balance/", headers={"Accept-Language": "en"}).content.decode()
    assert "No transactions yet" in page
    assert "¥\xa00.00" in page


def test_details_are_changed_and_a_wrong_telephone_is_explained_beside_it(client: Client, buyer: User) -> None:
    form = {"name": "林晓舟", "company": "蓝田", "language": "zh-hans"}
    answer = client.post("/profile/", form | {"phone": "call me"})
    page = answer.content.decode()
    assert 'id="id_phone_error"' in page
    assert 'value="蓝田"' in page
    assert User.objects.get(pk=buyer.pk).company == ""
    client.post("/profile/", form | {"phone": "+86 139 0000 0000"})
    changed = User.objects.get(pk=buyer.pk)
    assert (changed.name, changed.company, changed.phone) == ("林晓舟", "蓝田", "+86 139 0000 0000")


def test_profile_shows_and_changes_the_language_of_mails(client: Client, buyer: User) -> None:
    form = {"name": "林晓舟", "company": "", "phone": ""}
    assert '<option value="zh-hans" selected>简体中文</option>' in client.get("/profile/").content.decode()
    client.post("/profile/", form | {"language": "en"})
    assert User.objects.get(pk=buyer.pk).language == "en"
    assert '<option value="en" selected>English</option>' in client.get("/profile/").content.decode()
    client.post("/profile/", form | {"language": "tlh"})
    assert User.objects.get(pk=buyer.pk).language == "en"


# --- accounts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["login", "signup", "password/reset"])
def test_account_pages_have_our_frame_and_no_secret(client: Client, name: str) -> None:
    page = client.get(f"/account/{name}/", headers={"Accept-Language": "en"}).content.decode()
    assert static("web/theme.css") in page
    assert "form-control" in page
    assert [login.role for login in LOGINS if login.password in page or login.email in page] == []


@pytest.mark.parametrize("name", ["password/change", "email", "logout"])
def test_account_pages_of_a_user_have_our_frame(client: Client, buyer: User, name: str) -> None:
    page = client.get(f"/account/{name}/").content.decode()
    assert static("web/theme.css") in page
    assert "tp-entrance" in page


def test_person_signs_up_signs_in_and_returns(client: Client) -> None:
    order = "/orders/"
    answer = client.post(
        f"/account/signup/?next={order}",
        {"email": "new@lantian.example", "password1": PASSWORD, "privacy": "on", "next": order},
    )
    assert answer["Location"] == order
    client.post("/account/logout/")
    answer = client.post("/account/login/", {"login": "new@lantian.example", "password": PASSWORD, "next": order})
    assert answer["Location"] == order
    assert client.get(order).status_code == 200


def test_wrong_password_does_not_reveal_whether_an_account_exists(client: Client) -> None:
    factories.make_buyer(email="known@lantian.example")
    responses = {
        re.sub(
            r"[\w.]+@lantian.example|value=\"[^\"]+\"",
            "",
            str(client.post("/account/login/", form).context["form"].errors),
        )
        for form in (
            {"login": "known@lantian.example", "password": "wrong wrong"},
            {"login": "other@lantian.example", "password": "wrong wrong"},
        )
    }
    assert len(responses) == 1


def test_no_account_page_links_to_another_host(client: Client) -> None:
    factories.make_buyer(email="known@lantian.example")
    form = {"login": "known@lantian.example", "password": PASSWORD, "next": "https://x.example/"}
    assert client.post("/account/login/", form)["Location"] == "/"
