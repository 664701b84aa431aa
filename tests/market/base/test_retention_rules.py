"""Rules for tables that issue 8, 9 found to grow without bound, and for mails about accounts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.db.models import Exists, Sum

from tests.factories.people import NOW
from tests.market.fulfilment.services import service
from tests.market.nights import DAY, WALL, night
from tradepost.market import old_rows
from tradepost.market.base.retention import Rule
from tradepost.market.base.work import State
from tradepost.market.identity.company_models import PolicyConsent
from tradepost.market.identity.models import User
from tradepost.market.notifications.account_mails import mail_account
from tradepost.market.notifications.models import Notice, NoticeDelivery
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call, Tally
from tradepost.protocols.commands import Query


@pytest.mark.django_db
def test_account_mails_are_deleted_with_delivered_mails_unless_waiting() -> None:
    """No notice deletes them (issue 8, 2)."""
    for status, sent_at in (("sent", NOW), ("failed", None), ("waiting", None)):
        mail = mail_account("account_reset", "a@b.example", link="/", language="en", now=NOW)
        NoticeDelivery.objects.filter(pk=mail.pk).update(status=status, sent_at=sent_at)
    night(NOW + 90 * DAY)
    assert NoticeDelivery.objects.count() == 3
    night(NOW + 91 * DAY)
    assert list(NoticeDelivery.objects.values_list("status", flat=True)) == ["waiting"]


@pytest.mark.django_db
def test_sessions_are_deleted_a_day_after_their_end_by_real_time() -> None:
    """Also in a sandbox whose clock is far ahead. Issue 8, 9: they grew without bound."""
    for key, ended in (("old", WALL - DAY - timedelta(seconds=1)), ("day", WALL - DAY), ("living", WALL + 14 * DAY)):
        Session.objects.create(session_key=key, session_data="", expire_date=ended)
    night(WALL + 4000 * DAY)
    assert set(Session.objects.values_list("pk", flat=True)) == {"day", "living"}


def signed_up(email: str, *, verified: bool = False, **fields: Any) -> User:
    user = User.objects.create_user(email, joined_at=NOW, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


@pytest.mark.django_db
def test_unconfirmed_unused_accounts_are_deleted() -> None:
    """Issue 8, 9. An account stays if it was used or if rows refer to it."""
    kept_users = [
        signed_up("confirmed@b.example", verified=True),
        signed_up("was-in@b.example", last_login=NOW),
        signed_up("operator@b.example", operator_role="support"),
        User.objects.create_user("made-by-hand@b.example", joined_at=NOW),
    ]
    EmailAddress.objects.create(user=signed_up("second@b.example"), email="confirmed-2@b.example", verified=True)
    holds = signed_up("holds@b.example")
    Notice.objects.create(user=holds, kind="top_up", created_at=NOW + 300 * DAY, once="1")
    deleted_user = signed_up("nobody@b.example")
    night(NOW + 30 * DAY)
    assert User.objects.filter(pk=deleted_user.pk).exists(), "exactly 30 days old is not older"
    night(NOW + 30 * DAY + timedelta(seconds=1))
    remaining = {*(user.email for user in kept_users), "second@b.example", "holds@b.example"}
    assert set(User.objects.values_list("email", flat=True)) == remaining
    assert not EmailAddress.objects.filter(email=deleted_user.email).exists()


def test_any_reference_keeps_an_account() -> None:
    """Also references that a later context adds: an account with rows is never deleted, and the night does not fail."""
    rule = next(rule for rule in old_rows.RETENTION if rule.name == "unconfirmed accounts")
    assert isinstance(rule, Rule)
    assert rule.needed is not None
    checked_models = {part.query.model for part in rule.needed.flatten() if isinstance(part, Exists)}
    assert checked_models == {relation.related_model for relation in User._meta.related_objects} - {
        EmailAddress,
        PolicyConsent,
    }


@pytest.mark.django_db
def test_old_hourly_counts_are_merged_and_metrics_stay_the_same() -> None:
    """Issue 8, 9: the table had a row per hour, worker, activity and verdict for ever."""

    def tally(hour: datetime, worker: str, verdict: str = "done") -> None:
        Tally.objects.create(
            hour=hour, worker=worker, activity="newInstance", verdict=verdict, attempts=2, seconds=1.5, under_100ms=0,
            under_1s=1, under_5s=2,
        )  # fmt: skip

    def metrics() -> list[Any]:
        rows = Tally.objects.values_list("verdict").annotate(
            Sum("attempts"), Sum("seconds"), Sum("under_1s"), Sum("under_5s")
        )
        return list(rows.order_by("verdict"))

    for n in range(3):
        tally(NOW + timedelta(hours=n), f"host-{n}")
    tally(NOW, "host-1", "timeout")
    tally(NOW + 300 * DAY, "host-9")
    before = metrics()
    for _ in range(2):  # a second night finds nothing to add
        night(NOW + 401 * DAY)
        assert metrics() == before
        assert sorted(Tally.objects.values_list("worker", "verdict", "attempts")) == [
            ("", "done", 6), ("", "timeout", 2), ("host-9", "done", 2),
        ]  # fmt: skip
    night(NOW + 701 * DAY)
    assert sorted(Tally.objects.values_list("worker", "verdict", "attempts")) == [("", "done", 8), ("", "timeout", 2)]


@pytest.mark.django_db
def test_latest_answer_of_each_kind_stays() -> None:
    """saas-v1-license A2, A2.8: newInstance is repeated for access data, and queryInstance asks for usage."""
    subscription = service("saas_v1")
    address = Address.objects.get()
    purchase = Call.objects.get(purpose=Call.Purpose.ORDER)
    repeated = calls.load(purchase.kind, purchase.command)
    for commands in ([repeated, Query(instance_ids=(subscription.instance_id,))], [repeated]):
        calls.create_access_call(commands, address, subscription, now=NOW)
    Call.objects.filter(purpose=Call.Purpose.ACCESS).update(state=State.ENDED, outcome=Call.Outcome.DONE, ended_at=NOW)
    _, usage, newest = Call.objects.filter(purpose=Call.Purpose.ACCESS).order_by("pk")
    night(NOW + 91 * DAY)
    assert list(Call.objects.filter(purpose=Call.Purpose.ACCESS).order_by("pk")) == [usage, newest]
