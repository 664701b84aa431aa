"""Receivers, webhooks, chats and preferences on each site; the log of a seller; and the target of the bell."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tradepost.market.identity.models import Seller, User
from tradepost.market.notifications.categories import Category, Channel
from tradepost.market.notifications.models import Endpoint, NoticeDelivery, Preference, Receiver
from tradepost.market.notifications.receivers import preferences_of
from tradepost.market.notifications.tell import AddressedNotice, send_notice, send_notices

pytestmark = pytest.mark.django_db

ORDER = {"product": "CRM", "order": "CS1"}


def logged_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def operator() -> User:
    person = make_operator()
    person.language = "en"
    person.save()
    return person


def text_at(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200, path
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())))


def choices(channels: tuple[str, ...], **others: str) -> dict[str, str]:
    return {f"{category}.{channel}": "on" for category in Category for channel in channels} | others


@pytest.fixture
def owner() -> User:
    return make_buyer(balance="0", language="en")


@pytest.fixture
def seller(owner: User) -> Seller:
    return make_seller(member=owner)


@pytest.mark.parametrize(("site", "stored"), [("", 1), ("/seller", 1), ("/console", 1)])
def test_each_site_has_a_page_of_notice_preferences(site: str, stored: int) -> None:
    """§7.2; mandatory notices are explained beside it."""
    person = operator()
    make_seller(member=person)
    client = logged_in(person)
    page = text_at(client, f"{site}/notices/settings/")
    assert "Some of these notices are always sent." in page
    sent = choices(("in_site", "mail"), **{"product.mail": "digest", "finance.in_site": "on"})
    assert client.post(f"{site}/notices/settings/", sent).headers["Location"] == f"{site}/notices/settings/"
    assert preferences_of(user=person) == {(Category.PRODUCT.value, Channel.MAIL.value): "digest"}
    assert client.post(f"{site}/notices/settings/", sent | {"product.mail": "never"}).status_code == 422
    assert Preference.objects.count() == stored


@pytest.mark.parametrize("site", ["/notices", "/seller"])
def test_receiver_is_added_confirmed_again_and_deleted(site: str, settings: Any, owner: User, seller: Seller) -> None:
    settings.SMS = settings.SMS | {"adapter": "file"}
    client, path = logged_in(owner), f"{site}/receivers/"
    assert "No receivers yet" in text_at(client, path)
    form = {"name": "Li", "email": "li@c.example", "phone": "123", "language": "en"}
    refused = client.post(f"{path}new/", form)
    assert "Enter a mobile number" in refused.content.decode()
    assert not Receiver.objects.exists()
    assert client.post(f"{path}new/", form | {"phone": "13800138000"}).headers["Location"] == path
    receiver = Receiver.objects.get()
    assert (receiver.seller, receiver.user) == ((seller, None) if site == "/seller" else (None, owner))
    assert "Awaiting confirmation" in text_at(client, path)
    assert client.post(f"{path}{receiver.pk}/again/").status_code == 302
    assert NoticeDelivery.objects.filter(receiver=receiver).count() == 4
    sent = choices(("mail", "sms"), **{"activity.sms": "off"})
    assert client.post(f"{path}{receiver.pk}/", sent).status_code == 302
    assert preferences_of(receiver=receiver) == {("activity", "sms"): "off"}
    assert client.post(f"{path}{receiver.pk}/delete/").status_code == 302
    assert not Receiver.objects.exists()
    assert set(NoticeDelivery.objects.values_list("status", "reason")) == {("withheld", "gone")}


@pytest.mark.parametrize("site", ["/notices", "/seller"])
def test_secret_of_a_webhook_is_shown_once_and_changed(site: str, owner: User, seller: Seller) -> None:
    client = logged_in(owner)
    response = client.post(
        f"{site}/webhooks/new/", {"name": "Ours", "url": "https://hooks.c.example/n", "language": "en"}
    )
    [secret] = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", html.unescape(response.content.decode())))
    endpoint = Endpoint.objects.get()
    page = f"{site}/endpoints/{endpoint.pk}/"
    assert secret not in client.get(page).content.decode()
    changed = client.post(f"{page}secret/", {"since": "first"})
    [new] = set(re.findall(r"whsec_[A-Za-z0-9+/=]+", html.unescape(changed.content.decode())))
    assert new != secret
    assert client.post(f"{page}secret/", {"since": "first"}).status_code == 302, "a reload makes no second one"
    sent = choices(("webhook",), **{"finance.webhook": "off"})
    assert client.post(page, sent).status_code == 302
    assert preferences_of(endpoint=endpoint) == {("finance", "webhook"): "off"}
    client.post(f"{page}test/")
    assert "A test of “Ours” Waiting" in text_at(client, page)
    Endpoint.objects.update(disabled_at=NOW, failing_since=NOW)
    assert "Switched off" in text_at(client, page)
    client.post(f"{page}on/")
    assert Endpoint.objects.get().disabled_at is None
    client.post(f"{page}delete/")
    assert not Endpoint.objects.exists()
    assert client.get(page).status_code == 404


def test_chat_is_added_by_the_address_of_its_bot_which_is_not_shown_again(owner: User, seller: Seller) -> None:
    client = logged_in(owner)
    form = {
        "name": "Group",
        "service": "feishu",
        "address": "https://evil.example/hook/0123456789abcdef",
        "language": "en",
    }
    assert "This is not the address of a bot" in client.post("/seller/chats/new/", form).content.decode()
    assert not Endpoint.objects.exists()
    form["address"] = "https://open.feishu.cn/open-apis/bot/v2/hook/0123456789abcdef"
    page = client.post("/seller/chats/new/", form, follow=True).content.decode()
    assert "open.feishu.cn …cdef" in html.unescape(page)
    assert "0123456789" not in page
    assert client.post(f"/seller/endpoints/{Endpoint.objects.get().pk}/secret/", {"since": "first"}).status_code == 404


def test_seller_sees_only_its_own_messages(owner: User, seller: Seller) -> None:
    other = make_seller(member=make_buyer(balance="0"))
    for sender in (seller, other):
        user = sender.members.get().user
        facts = {"product": sender.name_en, "line": "1", "amount": "2"}
        send_notices(
            [AddressedNotice(user=user, kind="seller_new_order", facts=facts, once="1", seller=sender.pk)], now=NOW
        )
        send_notices(
            [AddressedNotice(user=user, kind="seller_new_order", facts=facts, once="2", seller=sender.pk, mail=False)],
            now=NOW,
        )
    client = logged_in(owner)
    assert owner.email in text_at(client, "/seller/deliveries/")
    assert other.name_en not in text_at(client, "/seller/deliveries/")
    assert "On-site notice only, this time" in text_at(client, "/seller/deliveries/", status="withheld")
    assert "No messages found" in text_at(client, "/seller/deliveries/", channel="sms")
    mine = NoticeDelivery.objects.filter(seller=seller).latest("pk")
    assert "New order for" in text_at(client, f"/seller/deliveries/{mine.pk}/")
    assert client.get(f"/seller/deliveries/{NoticeDelivery.objects.filter(seller=other)[0].pk}/").status_code == 404


def test_console_finds_messages_by_channel_status_reason_and_address(settings: Any, tmp_path: Any) -> None:
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path)}
    seller = make_seller(member=make_buyer(balance="0"), contact_phone="13911112222")
    user = seller.members.get().user
    facts = {"address": "https://a.example", "reason": "away"}
    send_notices(
        [AddressedNotice(user=user, kind="seller_breaker_open", facts=facts, once="1", seller=seller.pk)], now=NOW
    )
    sms = NoticeDelivery.objects.get(channel="sms")
    (tmp_path / f"{sms.pk}.txt").write_text("To: +8613911112222\n\nwritten", encoding="utf-8")
    client, path = logged_in(operator()), "/console/deliveries/"
    for query in ({"channel": "sms"}, {"q": "139 1111 2222"}, {"channel": "sms", "status": "waiting"}):
        page = text_at(client, path, **query)
        assert "+8613911112222" in page
        assert user.email not in page
    assert "No messages found" in text_at(client, path, reason="switched_off")
    assert "To: +8613911112222 written" in text_at(client, f"{path}{sms.pk}/")
    assert client.post(f"{path}{sms.pk}/retry/").status_code == 302
    assert client.get(f"{path}{sms.pk + 100}/").status_code == 404


def test_reader_sees_deliveries_of_a_notice_and_why_others_failed(owner: User) -> None:
    Receiver.objects.create(
        user=owner, name="Li", email="li@c.example", phone="+8613800138000", language="en", created_at=NOW
    )
    send_notice(owner, "order_completed", facts=ORDER, once="1", now=NOW)
    page = text_at(logged_in(owner), "/notices/")
    assert f"E-mail {owner.email} Waiting" in page
    assert "E-mail li@c.example Not sent The receiver has not confirmed email and phone yet" in page


@pytest.mark.parametrize("site", ["", "/seller", "/console"])
def test_bell_stays_in_its_site(site: str) -> None:
    """Issue 10: the bell led a seller into the buyer's navigation."""
    person = operator()
    make_seller(member=person)
    client = logged_in(person)
    start = client.get(f"{site}/").content.decode()
    bell = re.search(r'<a[^>]*href="([^"]*notices/)"', start)
    assert bell
    assert bell[1] == f"{site}/notices/"
    page = client.get(bell[1]).content.decode()
    assert f'href="{site}/notices/settings/"' in page
    marks = {"": "My orders", "/seller": "Production addresses", "/console": "Engine"}
    assert marks[site] in page
