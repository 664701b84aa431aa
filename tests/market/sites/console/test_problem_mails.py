"""Mails that became no demand wait for an operator, who enters them as one or dismisses them (business-rules §9)."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.configured import changed
from tests.factories import make_operator
from tests.market.service_desk.asking import problem_mail
from tradepost.market.audit.models import Entry
from tradepost.market.base.config import config
from tradepost.market.service_desk import problem_mails
from tradepost.market.service_desk.models import Demand, ReceivedMail
from tradepost.market.sites.console import demand_list

pytestmark = pytest.mark.django_db
LIST = "/console/demands/"
LONG = "We need a log audit system. " * 40 + "Call 0755-1234567."


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Client:
    settings = changed(config(), demand_mailbox=type(config().service_desk.demand_mailbox)("imap://mail.example"))
    monkeypatch.setattr(demand_list, "config", lambda: settings)
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    return client


def words(page: Client) -> str:
    return " ".join(page.get(LIST).content.decode().split())


def entered(page: Client, mail: ReceivedMail, **changes: str) -> tuple[int, str]:
    """The form's default values, with the name that is missing in the subject."""
    form = page.get(f"{LIST}new/", {"mail": mail.pk})
    assert form.status_code == 200
    initial = form.context["form"].initial
    data = {
        **initial,
        "mail": str(mail.pk),
        "idempotency_key": form.context["idempotency_key"],
        "contact": "Li",
        **changes,
    }
    answer = page.post(f"{LIST}new/", data)
    return answer.status_code, answer.content.decode()


def test_mail_is_entered_completely_and_leaves_the_list(page: Client) -> None:
    mail = problem_mail(text=LONG)
    assert f"{LIST}new/?mail={mail.pk}" in words(page)
    assert entered(page, mail)[0] == 302
    demand, entered_mail = Demand.objects.get(), ReceivedMail.objects.get()
    assert (demand.requirement, demand.email, demand.contact) == (LONG.strip(), "li@acme.example", "Li")
    assert entered_mail.demand == demand.pk
    assert "Offer" not in words(page)


def test_refused_form_keeps_the_mail_in_the_list(page: Client) -> None:
    mail = problem_mail()
    status, shown = entered(page, mail, requirement="")
    assert (status, Demand.objects.count()) == (422, 0)
    assert f'name="mail" value="{mail.pk}"' in shown
    assert problem_mails.find(mail.pk) == mail


def test_mail_is_dismissed_once_and_recorded(page: Client) -> None:
    mail, other = problem_mail(), problem_mail("Other")
    for _ in range(2):
        assert page.post(f"{LIST}mails/{mail.pk}/aside/").status_code == 302
    assert "Another operator has already handled this email." in words(page)
    assert list(problem_mails.open_mails()) == [other]
    assert Entry.objects.filter(act="demand_mail_aside").count() == 2


def test_mail_handled_by_another_operator_cannot_be_entered(page: Client) -> None:
    mail = problem_mail()
    page.post(f"{LIST}mails/{mail.pk}/aside/")
    data = {"mail": str(mail.pk), "contact": "Li", "email": "li@acme.example", "requirement": LONG, "language": "en"}
    assert page.get(f"{LIST}new/", {"mail": mail.pk}).status_code == 409
    assert page.post(f"{LIST}new/", data).status_code == 409
    assert not Demand.objects.exists()
    for unknown in ("0", "x", "9" * 40):
        assert page.get(f"{LIST}new/", {"mail": unknown}).status_code == 404


def test_newest_mails_are_shown_and_the_others_counted(page: Client) -> None:
    for number in range(problem_mails.MAX_SHOWN + 2):
        problem_mail(f"Mail {number}.")
    assert "2 older emails are waiting as well." in words(page)
    assert "Mail 0." not in words(page)
    for mail in problem_mails.open_mails()[: problem_mails.MAX_SHOWN]:
        page.post(f"{LIST}mails/{mail.pk}/aside/")
    assert "Mail 0." in words(page)
