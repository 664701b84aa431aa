"""Receivers confirm mail and phone by the link in the mail and the code in the SMS; each category keeps one receiver (§7.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_seller
from tests.market.notifications import mail_server
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.base.secrets import unseal
from tradepost.market.identity.models import User
from tradepost.market.notifications import deliver, receivers
from tradepost.market.notifications.categories import Category, Channel
from tradepost.market.notifications.compose import Site
from tradepost.market.notifications.deliver_elsewhere import DeliverySettings, deliver_due
from tradepost.market.notifications.models import NoticeDelivery, Preference, Receiver
from tradepost.market.notifications.tell import send_notice
from tradepost.market.notifications.why_not import DeliveryChoice

pytestmark = pytest.mark.django_db(transaction=True)

RULES = receivers.Rules(sms=True, most=20, valid=timedelta(days=3), a_day=20)
WALL = NOW + timedelta(days=400)
SITE = Site("https://market.example")
PRODUCT, MAIL, SMS = Category.PRODUCT.value, Channel.MAIL.value, Channel.SMS.value


@pytest.fixture
def buyer() -> User:
    return make_buyer(balance="0", name="Wang", company="Lantian")


def add(owner: Any, email: str = "li@c.example", phone: str = "138 0013 8000", **changes: Any) -> Receiver:
    options: dict[str, Any] = {"name": "Li", "language": "en", "rules": RULES, "wall": WALL, "now": NOW} | changes
    return receivers.add_receiver(owner, email=email, phone=phone, **options)


def confirmation_of(receiver: Receiver) -> tuple[str, str]:
    """Return the token of the newest mail and the code of the newest SMS."""
    sent = NoticeDelivery.objects.filter(receiver=receiver).order_by("-pk")
    link, code = (unseal(sent.filter(kind=kind)[0].sealed_link) for kind in ("receiver_confirm", "receiver_code"))
    return link.split("/")[-2], code


def add_confirmed(owner: Any, email: str) -> Receiver:
    receiver = add(owner, email, phone=f"1380013{8000 + Receiver.objects.count()}")
    return receivers.confirm(*confirmation_of(receiver), wall=WALL, now=NOW)


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@pytest.fixture
def server() -> Iterator[mail_server.Server]:
    with mail_server.running() as running:
        yield running


def test_receiver_confirms_with_its_mail_and_sms(
    server: mail_server.Server, buyer: User, settings: Any, tmp_path: Path, client: Client
) -> None:
    """From a real mail server and the file of the SMS adapter to a notice (issue 10, must show 1; §7.2)."""
    settings.SMS = settings.SMS | {"adapter": "file", "folder": str(tmp_path / "sms")}
    now = datetime.now(UTC)
    receiver = add(buyer, wall=now, now=now)
    deliver.deliver_due(now=now, wall=now, site=SITE, sender=deliver.Sender(server.mailer()))
    deliver_due(now=now, wall=now, way=DeliverySettings(site=SITE, outbound=SANDBOX))
    [mail] = server.received
    assert mail["To"] == "li@c.example"
    assert mail["Subject"] == "Lantian wants you to get its notices"
    link = re.search(r"https://market\.example(/receivers/confirm/[^/\s]+/)", text_of(mail))
    assert link
    [file] = (tmp_path / "sms").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    code = re.search(r"Your code: (\d{6})", file.read_text(encoding="utf-8"))
    assert code
    assert "To: +8613800138000" in file.read_text(encoding="utf-8")
    assert set(NoticeDelivery.objects.values_list("status", "sealed_link")) == {("sent", "")}

    page = client.get(link[1], headers={"accept-language": "en"}).content.decode()
    assert "Lantian wants you to get its notices" in page
    assert "8000" in page
    assert "+8613800138000" not in page
    assert client.get(link[1]).status_code == 200, "opening the link confirms nothing: programs follow links too"
    assert (
        "The code does not match the SMS"
        in client.post(link[1], {"code": "x"}, headers={"accept-language": "en"}).content.decode()
    )
    receiver.refresh_from_db()
    assert not receiver.is_confirmed
    assert client.post(link[1], {"code": code[1]}).status_code == 200
    receiver.refresh_from_db()
    assert receiver.is_confirmed
    assert client.get(link[1]).status_code == 404, "a link works once"

    send_notice(buyer, "top_up", facts={"amount": "1", "balance": "2", "reference": "R"}, once="1", now=now)
    deliver.deliver_due(now=now, wall=now, site=SITE, sender=deliver.Sender(server.mailer()))
    assert {str(message["To"]) for message in server.received[1:]} == {buyer.email, "li@c.example"}
    assert "added you as a receiver of notices, and you confirmed it" in text_of(server.received[2])


def test_link_and_code_are_stored_as_hashes_and_expire(buyer: User) -> None:
    receiver = add(buyer)
    token, code = confirmation_of(receiver)
    assert token not in str(Receiver.objects.values())
    assert code not in str(Receiver.objects.values())
    with pytest.raises(Refused, match=r"receiver\.link"):
        receivers.confirm(token, code, wall=WALL, now=NOW + timedelta(days=3))
    with pytest.raises(Refused, match=r"receiver\.link"):
        receivers.confirm("x" * 43, code, wall=WALL, now=NOW)
    with pytest.raises(Refused, match=r"receiver\.code"):
        receivers.confirm(token, "" if code != "" else "1", wall=WALL, now=NOW)
    assert not Receiver.objects.get().is_confirmed
    assert receivers.confirm(token, f" {code} ", wall=WALL, now=NOW).is_confirmed


def test_wrong_codes_lock_the_confirmation(buyer: User) -> None:
    token, code = confirmation_of(add(buyer))
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        with pytest.raises(Refused, match=r"receiver\.code"):
            receivers.confirm(token, wrong, wall=WALL, now=NOW)
    with pytest.raises(Refused, match=r"receiver\.too_often"):
        receivers.confirm(token, code, wall=WALL, now=NOW)
    assert not Receiver.objects.get().is_confirmed


def test_sending_again_invalidates_the_former_link_and_code(buyer: User) -> None:
    receiver = add(buyer)
    former = confirmation_of(receiver)
    receivers.resend_confirmation(receiver, buyer, rules=RULES, wall=WALL, now=NOW)
    with pytest.raises(Refused, match=r"receiver\.link"):
        receivers.confirm(*former, wall=WALL, now=NOW)
    receivers.confirm(*confirmation_of(receiver), wall=WALL, now=NOW)
    with pytest.raises(Refused, match=r"receiver\.confirmed"):
        receivers.resend_confirmation(receiver, buyer, rules=RULES, wall=WALL, now=NOW)


def test_confirmations_per_phone_and_mailbox_are_limited(buyer: User) -> None:
    """Three a day to one number and one address, regardless of the requester."""
    for n in range(3):
        add(make_buyer(balance="0"), f"li-{n}@c.example")
    with pytest.raises(Refused, match=r"receiver\.too_often"):
        add(buyer, "li-9@c.example")
    assert Receiver.objects.count() == 3
    for n in range(3):
        add(make_buyer(balance="0"), "one@c.example", f"1380013800{n + 1}")
    with pytest.raises(Refused, match=r"receiver\.too_often"):
        add(buyer, "ONE@c.example", "13800138009")
    with pytest.raises(Refused, match=r"receiver\.too_often"):
        add(buyer, "x@c.example", "13700138009", rules=receivers.Rules(sms=True, most=20, valid=timedelta(1), a_day=0))
    assert NoticeDelivery.objects.count() == Job.objects.count() == 12


@pytest.mark.parametrize(
    ("email", "phone", "field"),
    [
        ("nobody", "13800138000", "email"), ("a@b.example\nBcc: c@d.example", "13800138000", "email"), ("a@b.example", "", "phone"),
        ("a@b.example", "12345", "phone"), ("a@b.example", "010 6552 9988", "phone"), ("a@b.example", "1" * 40, "phone"),
    ],
)  # fmt: skip
def test_invalid_email_or_phone_is_refused(buyer: User, email: str, phone: str, field: str) -> None:
    with pytest.raises(Refused) as error:
        add(buyer, email, phone)
    assert error.value.field == field
    assert not Receiver.objects.exists()
    assert not NoticeDelivery.objects.exists()


def test_without_sms_the_mail_alone_confirms(buyer: User) -> None:
    receiver = add(buyer, phone="", rules=receivers.Rules(sms=False, most=1, valid=timedelta(days=3), a_day=20))
    assert [d.channel for d in NoticeDelivery.objects.all()] == ["mail"]
    token = unseal(NoticeDelivery.objects.get().sealed_link).split("/")[-2]
    assert receivers.confirm(token, "", wall=WALL, now=NOW).is_confirmed
    with pytest.raises(Refused, match=r"receiver\.too_many"):
        add(buyer, "x@c.example", rules=receivers.Rules(sms=False, most=1, valid=timedelta(days=3), a_day=20))
    with pytest.raises(Refused, match=r"receiver\.known"):
        add(buyer, "LI@c.example")
    assert Receiver.objects.get() == receiver


def test_each_category_keeps_at_least_one_receiver() -> None:
    """business-rules §7.2: each category has at least one receiver."""
    seller = make_seller(member=make_buyer(balance="0"))
    first, second = add_confirmed(seller, "one@c.example"), add_confirmed(seller, "two@c.example")
    nothing = {(PRODUCT, MAIL): DeliveryChoice.OFF.value, (PRODUCT, SMS): DeliveryChoice.OFF.value}
    receivers.set_receiver_preferences(first, seller, nothing)
    with pytest.raises(Refused, match=r"receiver\.category_empty"):
        receivers.set_receiver_preferences(second, seller, nothing)
    assert not Preference.objects.filter(receiver=second).exists()
    receivers.set_receiver_preferences(second, seller, {(PRODUCT, MAIL): DeliveryChoice.OFF.value})
    with pytest.raises(Refused, match=r"receiver\.category_empty"):
        receivers.delete_receiver(second, seller)
    assert Receiver.objects.filter(pk=second.pk).exists()
    receivers.set_receiver_preferences(first, seller, {})
    receivers.delete_receiver(second, seller)
    receivers.delete_receiver(first, seller)
    assert not Receiver.objects.exists()


def test_receivers_of_another_owner_are_not_found(buyer: User) -> None:
    receiver = add(buyer)
    assert receivers.find_receiver(make_buyer(balance="0"), receiver.pk) is None
    assert receivers.find_receiver(make_seller(member=buyer), receiver.pk) is None
    assert receivers.find_receiver(buyer, receiver.pk) == receiver
