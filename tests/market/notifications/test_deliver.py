"""Mail is delivered once to a real SMTP server, is retried while the server is down, and fails for good only if the server says so."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.mail.backends.smtp import EmailBackend
from django.db import transaction

from tests.factories import NOW, make_buyer
from tests.market.notifications import mail_server
from tradepost.market.base import work
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.base.money import Money
from tradepost.market.identity.models import User
from tradepost.market.notifications import deliver
from tradepost.market.notifications.account_mails import mail_account
from tradepost.market.notifications.compose import Site, compose
from tradepost.market.notifications.facts import money
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.notifications.sending import LEASE, Sent, claim, retry
from tradepost.market.notifications.tell import send_notice

pytestmark = pytest.mark.django_db(transaction=True)

WALL = NOW + timedelta(days=400)
SITE = Site("https://market.example", "help@market.example")
"""Leases use real time, far from the market's time, so that confusing them fails a test."""


@pytest.fixture
def server() -> Iterator[mail_server.Server]:
    with mail_server.running() as running:
        yield running


def reader(*, email: str = "", language: str = "en") -> User:
    return make_buyer(balance="0", email=email, language=language)


def mail_to(user: User, once: str = "CS1") -> NoticeDelivery:
    facts = {"amount": money(Money(120_000, "CNY")), "balance": money(Money(150_000, "CNY")), "reference": once}
    send_notice(user, "top_up", facts=facts, once=once, now=NOW, link="/balance/")
    return NoticeDelivery.objects.get(notice__user=user, notice__once__contains=f"/{once}/")


def run(mailer: EmailBackend, *, now=NOW, **options) -> int:
    return deliver.deliver_due(now=now, wall=WALL, site=SITE, sender=deliver.Sender(mailer, **options))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_batch_uses_one_connection_and_sends_each_mail_once(server: mail_server.Server) -> None:
    mails = [mail_to(reader()) for _ in range(3)]

    assert run(server.mailer()) == 3
    assert run(server.mailer()) == 0

    assert [m["To"] for m in server.received] == [mail.address for mail in mails]
    assert server.connections == 1
    assert set(NoticeDelivery.objects.values_list("status", "attempts", "sent_at", "next_at")) == {
        ("sent", 1, NOW, None)
    }
    assert Job.objects.count() == 0


@pytest.mark.parametrize(
    ("language", "subject", "sentence", "action"),
    [
        ("en", "¥\xa01,200.00 was added to your balance", "Your balance is now ¥\xa01,500.00.", "View your balance"),
        ("zh-hans", "¥\xa01,200.00 已存入您的余额", "当前余额为 ¥\xa01,500.00。", "查看余额"),
    ],
)
def test_mail_is_in_the_language_of_its_reader(
    server: mail_server.Server, language: str, subject: str, sentence: str, action: str
) -> None:
    mail = mail_to(reader(language=language))
    run(server.mailer())

    message = server.received[0]
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert message["Subject"] == " ".join(subject.split())
    assert sentence in text.get_content()
    assert f"{action}: https://market.example/balance/" in text.get_content()
    assert '<a href="https://market.example/balance/">' in html.get_content()
    assert f'<html lang="{language}">' in html.get_content()
    assert message["Message-ID"] == f"<notice.{mail.notice_id}.{NOW:%Y%m%d%H%M%S}@market.example>"


def test_refused_recipient_fails_for_good_without_stopping_the_others(server: mail_server.Server) -> None:
    refused_mail, other_mail = mail_to(reader(email="nobody@example.com")), mail_to(reader())
    server.answers["nobody@example.com"] = "550 5.1.1 no such mailbox"

    assert run(server.mailer()) == 2

    refused_mail.refresh_from_db()
    assert (refused_mail.status, refused_mail.attempts, refused_mail.error) == (
        "failed",
        1,
        "550 5.1.1 no such mailbox",
    )
    assert [m["To"] for m in server.received] == [other_mail.address]
    assert Job.objects.count() == 0


def test_busy_mailbox_is_retried_after_a_minute(server: mail_server.Server) -> None:
    mail = mail_to(reader(email="busy@example.com"))
    server.answers["busy@example.com"] = "450 4.2.1 mailbox busy"
    run(server.mailer())

    mail.refresh_from_db()
    minute = timedelta(minutes=1)
    assert (mail.status, mail.attempts, mail.next_at, mail.error) == (
        "waiting",
        1,
        NOW + minute,
        "450 4.2.1 mailbox busy",
    )

    del server.answers["busy@example.com"]
    assert run(server.mailer(), now=NOW + minute - timedelta(seconds=1)) == 0
    assert run(server.mailer(), now=NOW + minute) == 1
    mail.refresh_from_db()
    assert (mail.status, mail.attempts, mail.error) == ("sent", 2, "")


def test_mails_wait_while_the_server_is_down(server: mail_server.Server) -> None:
    mails = [mail_to(reader()) for _ in range(3)]
    unreachable = EmailBackend(host="127.0.0.1", port=free_port(), timeout=5, alias="test")

    assert run(unreachable) == 3
    assert set(NoticeDelivery.objects.values_list("status", "attempts")) == {("waiting", 1)}
    assert "ConnectionRefusedError" in NoticeDelivery.objects.all()[0].error

    assert run(server.mailer(), now=NOW + timedelta(minutes=1)) == 3
    assert {m["To"] for m in server.received} == {mail.address for mail in mails}


def test_mail_fails_after_a_day_of_growing_waits() -> None:
    mail, now, waits = mail_to(reader()), NOW, []
    port = free_port()
    while mail.status == NoticeDelivery.Status.WAITING:
        assert run(EmailBackend(host="127.0.0.1", port=port, timeout=5, alias="test"), now=now) == 1
        mail.refresh_from_db()
        if mail.next_at is not None:
            waits.append((mail.next_at - now).total_seconds() / 60)
            now = mail.next_at

    assert waits == [1, 5, 15, 60, 240, 480, 660]
    assert (mail.status, mail.attempts) == ("failed", 8)
    assert Job.objects.count() == 0


def test_address_that_smtp_cannot_encode_fails_for_good(server: mail_server.Server) -> None:
    mail = mail_to(reader(email="用户@example.com"))
    run(server.mailer())
    mail.refresh_from_db()
    assert mail.status == "failed"
    assert "用户@example.com" in mail.error
    assert server.received == []


def test_nothing_is_sent_inside_a_transaction(server: mail_server.Server) -> None:
    mail_to(reader())
    with transaction.atomic(), pytest.raises(RuntimeError, match="nothing is ever sent inside a transaction"):
        run(server.mailer())
    assert server.received == []
    assert NoticeDelivery.objects.get().status == "waiting"


def test_no_transaction_is_open_while_mail_is_sent(server: mail_server.Server) -> None:
    """Other connections can write meanwhile; on SQLite an open transaction would block them."""
    from django.db import connection

    open_while_sending = []

    class RecordingBackend(EmailBackend):
        def send_messages(self, email_messages) -> int:
            open_while_sending.append(connection.in_atomic_block)
            return super().send_messages(email_messages)

    mail_to(reader())
    run(RecordingBackend(host="127.0.0.1", port=server.port, timeout=5, alias="test"))
    assert open_while_sending == [False]


def test_mail_of_a_crashed_sender_is_sent_again_with_the_same_message_id(
    server: mail_server.Server,
) -> None:
    mail_to(reader())
    claimed = claim(deliver.MAIL_JOBS, now=NOW, wall=WALL, owner="dead", limit=10)
    assert list(deliver.Sender(server.mailer()).send([compose(mail, SITE) for _, mail in claimed])) == [Sent()]
    assert run(server.mailer()) == 0

    for moment, recovered in ((-1, 0), (1, 1)):
        with transaction.atomic():
            assert work.recover(Job, wall=WALL + LEASE + timedelta(seconds=moment)) == recovered
    assert run(server.mailer()) == 1
    assert len(server.received) == 2
    assert len({message["Message-ID"] for message in server.received}) == 1


def test_concurrent_senders_never_claim_the_same_mail(server: mail_server.Server) -> None:
    for _ in range(3):
        mail_to(reader())
    first = claim(deliver.MAIL_JOBS, now=NOW, wall=WALL, owner="one", limit=2)
    second = claim(deliver.MAIL_JOBS, now=NOW, wall=WALL, owner="two", limit=2)
    assert len(first) == 2
    assert len(second) == 1
    assert {job.pk for job, _ in first}.isdisjoint({job.pk for job, _ in second})


def test_mails_beyond_the_time_budget_wait_without_counting_an_attempt(server: mail_server.Server) -> None:
    mail_to(reader())
    assert run(server.mailer(), budget=0.0) == 1
    assert NoticeDelivery.objects.values_list("status", "attempts").get() == ("waiting", 0)
    assert run(server.mailer()) == 1
    assert len(server.received) == 1


def test_operator_can_retry_a_failed_mail_but_not_a_sent_one(server: mail_server.Server) -> None:
    mail = mail_to(reader(email="nobody@example.com"))
    server.answers["nobody@example.com"] = "550 no such mailbox"
    run(server.mailer())
    server.answers.clear()

    retry(mail, now=NOW + timedelta(hours=2))
    assert run(server.mailer(), now=NOW + timedelta(hours=2)) == 1
    assert len(server.received) == 1
    with pytest.raises(Refused, match=r"mail\.sent"):
        retry(mail, now=NOW + timedelta(hours=3))
    assert Job.objects.count() == 0


def test_link_of_an_account_mail_is_deleted_after_sending(server: mail_server.Server) -> None:
    """The link is sealed until then, and operators cannot read it afterwards."""
    mail = mail_account("account_reset", "a@b.example", link="/account/password/reset/key/7/", language="en", now=NOW)
    assert "/account/" not in mail.sealed_link
    assert run(server.mailer()) == 1
    assert "https://market.example/account/password/reset/key/7/" in str(server.received[0])
    mail.refresh_from_db()
    assert (mail.status, mail.sealed_link) == ("sent", "")


def test_account_mail_that_cannot_be_unsealed_fails_without_stopping_the_others(server: mail_server.Server) -> None:
    unreadable_mail = mail_account("account_reset", "a@b.example", link="/x/", language="en", now=NOW)
    NoticeDelivery.objects.update(sealed_link="sealed with another key")
    other_mail = mail_to(reader())
    assert run(server.mailer()) == 2
    unreadable_mail.refresh_from_db()
    assert unreadable_mail.status == "failed"
    assert "TRADEPOST_OLD_SECRET_KEYS" in unreadable_mail.error
    assert [m["To"] for m in server.received] == [other_mail.address]
