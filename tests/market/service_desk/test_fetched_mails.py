"""Demand mails are fetched by IMAP (business-rules §9: "subject 【云商店】【需求】【contact】, body with requirement and
contact").
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pydantic import SecretStr

from tests.configured import changed
from tests.factories import NOW
from tests.factories.people import make_operator
from tests.market.service_desk.imap_server import Box, served
from tradepost.cli.findings import Level
from tradepost.cli.mailbox_diagnosis import check_mailbox
from tradepost.market.base import leased_jobs
from tradepost.market.base.config import Config, config
from tradepost.market.base.leased_jobs import RetryLater, RunningJob
from tradepost.market.base.models import Job, LeasedJob
from tradepost.market.service_desk import fetch_mails
from tradepost.market.service_desk.demand_mail import Problem, read_mail
from tradepost.market.service_desk.mailbox import MailboxError, open_mailbox, parse_address
from tradepost.market.service_desk.models import Demand, ReceivedMail

NEED = "我们需要一套支持等保三级的日志审计系统，约 200 台服务器。"


def make_mail(subject: str = "【商埠】【需求】【张三】", text: str = NEED, **headers: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "张三 <zhang@acme.example>", "demands@market.example", subject
    mail["Message-ID"] = f"<{abs(hash((subject, text)))}@acme.example>"
    for name, value in headers.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail.as_bytes()


def settings_for(box: Box, **more: object) -> Config:
    return changed(config(), demand_mailbox=SecretStr(box.url()), demand_mail_max_bytes=10_000, **more)


@pytest.fixture
def box() -> Iterator[Box]:
    with served() as served_box:
        yield served_box


def fetch(settings: Config) -> dict[str, Any]:
    """Fetch as the loop of a worker does."""
    leased_jobs.start(fetch_mails.KIND, fetch_mails.MAILBOX, payload={}, now=NOW)
    job = LeasedJob.objects.latest("pk")
    try:
        return dict(fetch_mails.task(lambda: settings).work(RunningJob(job)))
    finally:
        LeasedJob.objects.all().delete()


@pytest.mark.django_db
def test_mail_becomes_a_demand_once(box: Box) -> None:
    uid = box.add(make_mail())
    assert fetch(settings_for(box)) == {"demands": 1, "problems": 0}
    demand = Demand.objects.get()
    assert (demand.contact, demand.email, demand.requirement) == ("张三", "zhang@acme.example", NEED)
    assert (demand.origin, demand.language, demand.status) == (Demand.Origin.MAIL, "zh-hans", Demand.Status.OPEN)
    assert (ReceivedMail.objects.get().demand, box.seen) == (demand.pk, {uid})
    assert fetch(settings_for(box)) == {"demands": 0, "problems": 0}
    box.seen.clear()  # the worker died before it marked the mail; then the same mail was sent again
    box.add(box.mails[uid])
    assert fetch(settings_for(box)) == {"demands": 0, "problems": 0}
    assert (Demand.objects.count(), ReceivedMail.objects.count()) == (1, 1)
    assert len(box.seen) == 2


@pytest.mark.django_db
def test_unusable_mail_is_kept_with_its_reason(box: Box) -> None:
    mails = {
        make_mail("Offer of the week"): Problem.SUBJECT,
        make_mail(Auto_Submitted="auto-replied", text="away"): Problem.AUTOMATIC,
        make_mail(From="nobody", text="sender"): Problem.SENDER,
        make_mail(text=""): Problem.EMPTY,
        make_mail(text="x" * 20_000): Problem.TOO_LARGE,
        make_mail(text="?"): Problem.REFUSED,
    }
    for mail in mails:
        box.add(mail)
    assert fetch(settings_for(box)) == {"demands": 0, "problems": len(mails)}
    received = list(ReceivedMail.objects.order_by("pk"))
    assert [mail.problem for mail in received] == [problem.value for problem in mails.values()]
    assert received[-1].words
    assert not Demand.objects.exists()
    assert box.seen == set(box.mails)
    assert max(len(mail.text) for mail in received) < 20_000


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("x" * 2001, "x… [cut after 2,000 characters]"),
        ("要" * 2001, "要……〔超过 2000 字，以下略〕"),
        ("x" * 2000, "x" * 30),
    ],
)
def test_shortened_requirement_is_marked(text: str, end: str, box: Box) -> None:
    """business-rules §9: "body with requirement and contact". Operators must see that more was written."""
    box.add(make_mail(text=text))
    assert fetch(settings_for(box)) == {"demands": 1, "problems": 0}
    for stored_text in (Demand.objects.get().requirement, ReceivedMail.objects.get().text):
        assert (stored_text.endswith(end), len(stored_text)) == (True, 2000)
    assert Demand.objects.get().requirement[:1900] == text[:1900]


@pytest.mark.django_db
def test_daily_demands_of_one_sender_are_limited(box: Box) -> None:
    for number in range(4):
        box.add(make_mail(text=f"{NEED} {number}"))
    assert fetch(settings_for(box, demands_a_day=3)) == {"demands": 3, "problems": 1}
    assert ReceivedMail.objects.latest("pk").problem == Problem.REFUSED


@pytest.mark.django_db
def test_large_mail_is_not_downloaded(box: Box) -> None:
    """Its size is reported before the download; the reported size is not trusted either."""
    uid = box.add(make_mail(text="x " * 400_000))
    fetch(settings_for(box))
    assert f"UID FETCH {uid} (BODY.PEEK[]<0.65536>)" in box.commands
    lied = box.add(make_mail("【需求】【李四】", text="y " * 400_000))
    box.sizes[lied] = 10
    fetch(settings_for(box))
    assert f"UID FETCH {lied} (BODY.PEEK[]<0.10000>)" in box.commands
    assert all(len(mail.text) <= 2000 for mail in ReceivedMail.objects.all())


@pytest.mark.django_db
def test_failure_is_shown_without_the_password_and_retried(box: Box) -> None:
    box.add(make_mail())
    for refused in ("LOGIN", "SELECT", "SEARCH", "FETCH"):
        box.refuses = refused
        with pytest.raises(RetryLater) as failed:
            fetch(settings_for(box))
        assert "secret" not in str(failed.value), refused
        assert not ReceivedMail.objects.exists()
    box.refuses = "STORE"
    with pytest.raises(RetryLater):
        fetch(settings_for(box))
    box.refuses = ""
    assert fetch(settings_for(box)) == {"demands": 0, "problems": 0}
    assert Demand.objects.count() == 1


@pytest.mark.django_db
def test_password_may_contain_any_characters(box: Box) -> None:
    """RFC 4616: PLAIN takes UTF-8. LOGIN takes ASCII alone (RFC 9051 §6.2.3)."""
    box.password = "geheim-ü-密码"
    box.add(make_mail())
    assert fetch(settings_for(box)) == {"demands": 1, "problems": 0}
    settings = settings_for(box)
    box.password = "another"
    with pytest.raises(RetryLater) as failed:
        fetch(settings)
    assert not [part for part in ("ü", "\\xfc", "密", "geheim") if part in str(failed.value)]


def attempt(settings: Config) -> LeasedJob:
    """Make one attempt at the open fetch."""
    task = fetch_mails.task(lambda: settings)
    [claimed] = leased_jobs.claim({fetch_mails.KIND: task}, now=NOW + timedelta(days=1), wall=NOW, owner="w", limit=1)
    leased_jobs.work_on(RunningJob(claimed), task, now=lambda: NOW)
    return LeasedJob.objects.get(pk=claimed.pk)


@pytest.mark.django_db
@pytest.mark.parametrize("times", [1, 2, 1000])
def test_unreadable_mail_does_not_delay_others(times: int, box: Box) -> None:
    """business-rules §9. It is tried twice, in case the server was unavailable; then an operator is notified."""
    broken, sound = box.add(make_mail()), box.add(make_mail(text=f"{NEED} 2"))
    box.breaks[broken] = times
    leased_jobs.start(fetch_mails.KIND, fetch_mails.MAILBOX, payload={}, now=NOW)
    job = attempt(settings_for(box))
    assert (job.outcome, job.result, box.seen) == ("", None, set())
    assert not ReceivedMail.objects.exists()
    job = attempt(settings_for(box))
    lost = times > 1
    assert (job.outcome, job.result) == ("done", {"demands": 1 if lost else 2, "problems": int(lost)})
    assert list(ReceivedMail.objects.order_by("pk").values_list("problem", flat=True)) == (
        [Problem.UNREADABLE, ""] if lost else ["", ""]
    )
    assert box.seen == {broken, sound}
    assert fetch(settings_for(box)) == {"demands": 0, "problems": 0}
    assert Demand.objects.count() == 1 + (not lost)


def test_mailbox_is_reached_only_by_the_outbound_policy_and_tls(box: Box) -> None:
    outside = config().outbound.__class__()
    for url, words in (
        (box.url(), "clear text"),
        (
            box.url("imaps"),
            "leads to an address",
        ),
    ):
        with pytest.raises(MailboxError, match=words), open_mailbox(parse_address(url), outbound=outside):
            pass
    with pytest.raises(MailboxError), open_mailbox(parse_address(box.url("imaps")), outbound=config().outbound):
        pass  # the server has no TLS
    assert box.commands == []


@pytest.mark.parametrize(
    "url", ["imaps://host", "http://u:p@h", "imaps://u@h", 'imaps://u:p@h/a"b', "imaps://u:p@h/a%0d%0ab", "x",
     "imaps://u:p%0d%0aA@h", "imaps://u%00:p@h", "imaps://u:%ff@h"],
)  # fmt: skip
def test_invalid_address_of_a_mailbox_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"write it as|the folder has|user and password"):
        parse_address(url)


def nested(levels: int) -> bytes:
    head = b"From: a@b.example\r\nSubject: x\r\n"
    for number in range(levels):
        head += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    return head


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0" * 5000, b"\xff\xfe" * 3000, nested(3000), b"Subject: " + b"=?utf-8?q?x?= " * 5000, b"From: " + b"<" * 9000,
     b"Content-Type: text/plain; charset=klingon\r\nFrom: a@b.example\r\n\r\nx", b"A: b\r\n" * 9000,
     b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n=====", b"Content-Type: multipart/mixed\r\n\r\nx"],
)  # fmt: skip
def test_no_mail_breaks_the_reader(raw: bytes) -> None:
    mail = read_mail(raw)
    assert mail.problem is not None
    assert all(part.isprintable() for part in (mail.subject, mail.sender, mail.contact, mail.message_id))


def test_mails_of_common_programs_are_read() -> None:
    page = EmailMessage()
    page["From"], page["Subject"] = "=?gb2312?B?1cXI/Q==?= <zhang@acme.example>", "回复：[商埠][需求][张三]"
    page.set_content("<html><style>p{}</style><p>需要 &lt;CRM&gt;</p><script>x()</script></html>", subtype="html")
    mail = read_mail(page.as_bytes())
    assert (mail.problem, mail.contact, mail.text) == (None, "张三", "需要 <CRM>")
    both = EmailMessage()
    both["From"], both["Subject"] = "a@b.example", "【demand】【Ann】"
    both.set_content("plain\u202e text", charset="utf-8")
    both.add_alternative("<b>rich</b>", subtype="html")
    both.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    mail = read_mail(both.as_bytes())
    assert (mail.problem, mail.text) == (None, "plain  text")
    chinese = (
        "From: 李 <li@acme.example>\r\nSubject: 【需求】【李】\r\nContent-Type: text/plain; charset=gb18030\r\n\r\n".encode()
        + "要系统".encode("gb18030")
    )
    assert read_mail(chinese).text == "要系统"


@pytest.mark.django_db
def test_operators_see_the_last_fetch_and_the_unusable_mails(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    operator = Client()
    operator.force_login(make_operator())
    page = reverse("console:demands")
    assert "需求邮箱" not in operator.get(page).content.decode()
    settings = settings_for(box)
    monkeypatch.setattr("tradepost.market.sites.console.demand_list.config", lambda: settings)
    assert "尚未收取邮件" in operator.get(page).content.decode()
    box.add(make_mail("Offer of the <b>week</b>"))
    job = leased_jobs.start(fetch_mails.KIND, fetch_mails.MAILBOX, payload={}, now=NOW)
    [claimed] = leased_jobs.claim(
        {fetch_mails.KIND: fetch_mails.task(lambda: settings)}, now=NOW, wall=NOW, owner="w", limit=1
    )
    leased_jobs.work_on(RunningJob(claimed), fetch_mails.task(lambda: settings), now=lambda: NOW)
    shown = operator.get(page).content.decode()
    assert "无法处理的邮件 1 封" in shown
    assert "Offer of the &lt;b&gt;week&lt;/b&gt;" in shown
    assert "【商店】【需求】【联系人】" in shown
    LeasedJob.objects.filter(pk=job.pk).update(outcome=LeasedJob.Outcome.FAILED, error="the server said no")
    assert "the server said no" in operator.get(page).content.decode()


@pytest.mark.django_db
def test_worker_fetches_every_few_minutes_if_a_mailbox_is_set(box: Box) -> None:
    fetch_mails.schedule(config().service_desk, now=NOW)
    assert not Job.objects.filter(kind=fetch_mails.TIMER).exists()
    assert fetch_mails.run(config().service_desk, NOW) is None
    settings = settings_for(box, demand_mailbox_minutes=7)
    fetch_mails.schedule(settings.service_desk, now=NOW)
    assert Job.objects.filter(kind=fetch_mails.TIMER).count() == 1
    next_run = fetch_mails.run(settings.service_desk, NOW)
    assert next_run is not None
    assert (next_run - NOW).total_seconds() == 7 * 60
    fetch_mails.run(settings.service_desk, NOW)
    assert LeasedJob.objects.filter(kind=fetch_mails.KIND).count() == 1


def test_doctor_opens_the_mailbox_and_marks_nothing(box: Box) -> None:
    box.add(make_mail())
    [diagnosis] = check_mailbox(settings_for(box))
    assert (diagnosis.level, "unseen mails: 1" in diagnosis.said) == (Level.OK, True)
    assert not box.seen
    assert any(command.startswith("EXAMINE") for command in box.commands)
    box.refuses = "LOGIN"
    [diagnosis] = check_mailbox(settings_for(box))
    assert (diagnosis.level, "secret" in diagnosis.said) == (Level.FAIL, False)
    [diagnosis] = check_mailbox(config())
    assert diagnosis.level == Level.OK
    [diagnosis] = check_mailbox(changed(config(), demand_mailbox=SecretStr("imaps://x")))
    assert diagnosis.level == Level.FAIL
