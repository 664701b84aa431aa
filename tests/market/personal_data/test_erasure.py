"""Erasure of an account: holds, the seven days before it, and what a search finds afterwards (opening.md §5)."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from tests import factories
from tests.factories import NOW
from tests.factories.organisations import make_admin
from tests.factories.people import PASSWORD
from tests.market.engine import react
from tests.market.personal_data.pasts import (
    EMAIL,
    KNOWN_AS,
    NAME,
    PAPER,
    PHONE,
    STREET,
    files_with,
    make_subject,
    tables_with_texts,
    with_everything,
)
from tests.market.service_desk.asking import make_complaint
from tradepost.market import wiring
from tradepost.market.base import jobs, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job, LeasedJob, Move
from tradepost.market.base.personal import Person
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice
from tradepost.market.organisations.models import Member
from tradepost.market.payments.models import Account
from tradepost.market.personal_data import declared, erase, erasure, holds, sweep
from tradepost.market.personal_data.models import Erasure

pytestmark = pytest.mark.django_db
WEEK = NOW + erasure.WAITING_PERIOD


def run_erasure(user: User, *, now: datetime = WEEK) -> None:
    """Run the timer, then the job, as a worker does."""
    jobs.run_due({erasure.DUE_TIMER: erasure.run_due}, now=now)
    tasks = {erase.KIND: wiring.LEASED_TASKS[erase.KIND]}
    [job] = leased_jobs.claim(tasks, now=now, wall=now, owner="test", limit=1)
    leased_jobs.work_on(leased_jobs.RunningJob(job), tasks[erase.KIND], now=lambda: now)
    job.refresh_from_db()
    assert (job.outcome, job.error) == ("done", "")
    user.refresh_from_db()


@pytest.mark.slow
def test_search_after_an_erasure_finds_only_ledger_invoices_agreements_and_audit(
    django_capture_on_commit_callbacks,
) -> None:
    """Issue 28, must show 4."""
    user = make_subject()
    with_everything(user)
    assert {"identity_user", "production_attempt", "service_desk_complaint", "base_move"} <= tables_with_texts(
        NAME, EMAIL, PHONE
    )
    assert list(files_with(PAPER))
    with django_capture_on_commit_callbacks(execute=True):
        erasure.request_erasure(user, now=NOW, wall=NOW)
        react(now=NOW)
        run_erasure(user)
        react(now=WEEK)
    left = tables_with_texts(NAME, EMAIL, PHONE, STREET)
    kept_tables = {model._meta.db_table for model in apps.get_models() if declared.is_kept(model._meta.label)}
    assert left <= kept_tables, left - kept_tables
    assert "invoices_invoice" in left, "invoices are kept"
    assert list(files_with(PAPER)) == []
    assert (user.name, user.email, user.is_active) == (f"deleted-{user.customer_id}", "", False)
    assert not Client().login(username=EMAIL, password=PASSWORD)
    assert Erasure.objects.get().erased_at == WEEK
    assert Notice.objects.get(kind="seller_complaint", once="x").facts == {"buyer": user.name}
    assert User.objects.create_user(EMAIL, PASSWORD).pk != user.pk, "the address can be used again"


def test_interrupted_erasure_starts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    user = make_subject()
    with_everything(user)
    Member.objects.filter(user=user).update(name=KNOWN_AS)
    Move.objects.filter(subject__gt="").update(note=f"{KNOWN_AS} said so")
    real: Any = erase.sweep  # type: ignore[attr-defined]

    def broken(person: Any) -> Any:
        yield next(iter(real(person)))
        raise RuntimeError("the worker died")

    monkeypatch.setattr(erase, "sweep", broken)
    with pytest.raises(RuntimeError):
        list(erase._erase_steps(erase.person_of(user), Path(config().files)))
    monkeypatch.setattr(erase, "sweep", real)
    erasure.request_erasure(user, now=NOW, wall=NOW)
    run_erasure(user)
    assert tables_with_texts(NAME, KNOWN_AS) <= {
        model._meta.db_table for model in apps.get_models() if declared.is_kept(model._meta.label)
    }


def test_open_matters_hold_back_the_erasure_and_nothing_changes() -> None:
    user = make_subject()
    Account.objects.create(kind="buyer", user=user, currency="CNY", balance_minor=1)
    factories.make_seller(member=user)
    make_admin(user)
    make_complaint(user)
    User.objects.filter(pk=user.pk).update(operator_role="support")
    codes = {hold.code for hold in declared.holds(user.pk)}
    assert codes == {"balance", "seller_owner", "enterprise_admin", "complaints", "operator"}
    before = tables_with_texts(EMAIL)
    with pytest.raises(Refused, match=r"erasure\.held"):
        erasure.request_erasure(user, now=NOW, wall=NOW)
    assert (Erasure.objects.count(), Job.objects.filter(kind=erasure.DUE_TIMER).count(), tables_with_texts(EMAIL)) == (
        0,
        0,
        before,
    )


def test_every_hold_has_words_and_a_page() -> None:
    from django.urls import reverse

    for words in holds.MESSAGES.values():
        assert not words.page or reverse(words.page)
        assert str(words.text)


def test_erasure_is_withdrawn_within_seven_days_and_can_be_requested_again() -> None:
    user = make_subject()
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    page = client.get("/profile/erasure/").content.decode()
    assert "Erased data" in page
    wrong = client.post("/profile/erasure/", {"password": "wrong"})
    assert (wrong.status_code, Erasure.objects.count()) == (422, 0)
    client.post("/profile/erasure/", {"password": PASSWORD})
    assert Erasure.objects.get().withdrawn_at is None
    assert "Keep the account" in client.get("/profile/erasure/").content.decode()
    client.post("/profile/erasure/withdraw/")
    assert Erasure.objects.get().withdrawn_at is not None
    assert not Job.objects.filter(kind=erasure.DUE_TIMER).exists()
    assert client.post("/profile/erasure/withdraw/").status_code == 409
    client.post("/profile/erasure/", {"password": PASSWORD})
    assert Erasure.objects.filter(withdrawn_at=None).count() == 1


def test_new_hold_delays_the_erasure_and_the_account_stays_open() -> None:
    user = make_subject()
    erasure.request_erasure(user, now=NOW, wall=NOW)
    complaint = make_complaint(user)
    jobs.run_due({erasure.DUE_TIMER: erasure.run_due}, now=WEEK)
    user.refresh_from_db()
    assert (user.is_active, LeasedJob.objects.filter(kind=erase.KIND).count()) == (True, 0)
    type(complaint).objects.update(status="withdrawn")
    run_erasure(user, now=WEEK + timedelta(days=1))
    assert user.name.startswith("deleted-")


def test_only_an_owner_orders_an_erasure_for_another_person_with_a_reason() -> None:
    user = make_subject()
    for role in ("finance", "reviewer", "service", "support", "auditor"):
        client = Client()
        client.force_login(factories.make_operator(role))
        assert client.post(f"/console/accounts/{user.pk}/erase/", {"erase-reason": "letter"}).status_code == 403
    assert Erasure.objects.count() == 0
    client = Client(headers={"accept-language": "en"})
    client.force_login(factories.make_operator())
    assert client.post(f"/console/accounts/{user.pk}/erase/", {"erase-reason": " "}).status_code == 422
    client.post(f"/console/accounts/{user.pk}/erase/", {"erase-reason": "letter of 1 March"})
    assert Erasure.objects.get().reason == "letter of 1 March"
    assert "The account will be erased after" in client.get(f"/console/accounts/{user.pk}/access/").content.decode()
    client.post(f"/console/accounts/{user.pk}/keep/")
    assert Erasure.objects.get().withdrawn_at is not None


# --- completeness -----------------------------------------------------------------------------------------------------

STAYS = {
    "compute.Server", "invoices.Invoice", "images.PeriodImage", "orders.Refund", "orders.DeliveryRefund", "orders.Order",
    "orders.OrderLine", "orders.LimitUse", "orders.TrialUse", "supervision.Supervision", "service_desk.Complaint",
    "billing.Charge", "billing.UsageMonth", "billing.Arrears", "payments.Intent", "payments.ProviderFact",
    "payments.Account", "organisations.Enterprise", "organisations.Member", "subscriptions.Subscription",
    "personal_data.Erasure", "approvals.Limit", "approvals.Request", "payments.Withdrawal",
}  # fmt: skip
"""Rows that name an account and stay under its pseudonym. Their texts are emptied, swept or kept (``declared``)."""


BACKSLASH = chr(92)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("an@x.cn", "P"),
        ("write to An@X.cn.", "write to P."),
        ("邮箱an@x.cn的", "邮箱P的"),
        ("Ann <an@x.cn>, jan@x.cn", "Ann <P>, jan@x.cn"),
        ("j.an@x.cn, j-an@x.cn, j+an@x.cn", "j.an@x.cn, j-an@x.cn, j+an@x.cn"),
        ("an@x.cn.org, an@x.cnn, an@x.cn-y.org", "an@x.cn.org, an@x.cnn, an@x.cn-y.org"),
        (f"kept as JSON:{BACKSLASH}nan@x.cn", f"kept as JSON:{BACKSLASH}nP"),
        (f"{BACKSLASH}u4e2dan@x.cn", f"{BACKSLASH}u4e2dP"),
        ("call 1395550123", "call P"),
        ("call 13955501234, 01395550123", "call 13955501234, 01395550123"),
        ("Lin, Linda, Berlin", "P, Linda, Berlin"),
        ({"a": ["an@x.cn", 7], "b": {"c": "jan@x.cn"}}, {"a": ["P", 7], "b": {"c": "jan@x.cn"}}),
    ],
)
def test_longer_text_that_contains_an_identifier_is_kept(before: Any, after: Any) -> None:
    person = Person(pk=1, customer_id="P", email="an@x.cn", name="Lin", company="", phone="1395550123")
    assert sweep.replace_needles(before, sweep.needles(person, named=True), "P") == after


def test_every_foreign_key_to_an_account_is_declared() -> None:
    """CASCADE: the rows belong to the person and are deleted. SET_NULL: they belong to others and show the pseudonym."""
    protected = {
        relation.related_model._meta.label
        for relation in User._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel) and relation.on_delete not in (models.CASCADE, models.SET_NULL)
    }
    assert protected - {"audit.Entry"} == STAYS


def test_every_text_column_is_swept_kept_or_part_of_the_account() -> None:
    models_of_texts = {model for model in apps.get_models() if sweep.swept_columns(model)}
    swept = set(sweep.swept_models())
    rest = {model._meta.label for model in models_of_texts - swept if not declared.is_kept(model._meta.label)}
    assert rest <= sweep.EXCLUDED_MODELS, rest
    labels = {model._meta.label for model in apps.get_models()}
    assert labels >= sweep.TABLES_WITH_NAMES
    assert {label for label in declared.KEPT_MODELS if not label.endswith(".")} <= labels
