"""The sign-in log of an enterprise: entries, view for administrators, export and retention."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from tests.factories.organisations import make_admin
from tests.factories.people import PASSWORD
from tests.factories.signing_in import Joint, make_joint
from tests.market.auth_centre.browsing import authorize, sign_in
from tests.market.plans import plan
from tradepost.market.applications import sign_in_log
from tradepost.market.applications.models import SignInEntry
from tradepost.market.applications.retention import SIGN_INS
from tradepost.market.applications.sign_in_log import Browser as Where
from tradepost.market.applications.sign_in_log import LogFilter
from tradepost.market.base import clock
from tradepost.market.base.values import replace
from tradepost.market.identity import limits
from tradepost.market.organisations.models import Member

pytestmark = pytest.mark.django_db

Result = SignInEntry.Result


def admin_of(joint: Joint) -> Browser:
    browser = Browser(headers={"accept-language": "en"})
    browser.force_login(joint.admin.user)
    return browser


def log_page(joint: Joint, **asked: str | int) -> str:
    return admin_of(joint).get(reverse("storefront:enterprise_sign_ins", args=[joint.enterprise.code]), asked).text


def entries() -> list[tuple[str, str, bool]]:
    """Return result, account name and whether an application is named, oldest first."""
    rows = SignInEntry.objects.order_by("pk").values_list("result", "member__user_name", "application")
    return [(result, name or "", application is not None) for result, name, application in rows]


def test_each_sign_in_and_refusal_is_recorded() -> None:
    joint = make_joint()
    for name, password in (("zhang01", "wrong"), ("nobody", PASSWORD)):
        Browser().post(f"{joint.home}sign-in/", {"name": name, "password": password})
    browser = sign_in(joint)
    assert authorize(browser, joint).status_code == 302
    assert entries() == [
        ("wrong_password", "zhang01", False), ("unknown_name", "", False), ("signed_in", "zhang01", False),
        ("opened", "zhang01", True),
    ]  # fmt: skip
    joint.binding.authorisations.update(wanted=False)
    assert authorize(browser, joint).status_code == 403
    Member.objects.filter(pk=joint.member.pk).update(enabled=False)
    Browser().post(f"{joint.home}sign-in/", {"name": "zhang01", "password": PASSWORD})
    assert entries()[4:] == [("not_allowed", "zhang01", True), ("disabled", "zhang01", False)]
    assert not SignInEntry.objects.filter(agent__contains=PASSWORD).exists()


def test_many_wrong_passwords_are_marked() -> None:
    joint = make_joint()
    for _ in range(7):
        Browser().post(f"{joint.home}sign-in/", {"name": "zhang01", "password": "wrong"})
    results = [result for result, _name, _application in entries()]
    assert (results[0], results[-1]) == ("wrong_password", "too_many_tries")


def test_failures_above_the_daily_limit_are_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An attacker who tries names all day does not fill the table; sign-ins are still recorded."""
    monkeypatch.setattr(limits, "LOGGED_FAILURES", replace(limits.LOGGED_FAILURES, most=2))
    joint, wall = make_joint(), clock.wall()
    for _ in range(4):
        sign_in_log.record(joint.enterprise, Result.UNKNOWN_NAME, Where(), wall=wall)
    sign_in_log.record(joint.enterprise, Result.SIGNED_IN, Where(), wall=wall, member=joint.member)
    assert [result for result, _name, _application in entries()] == ["unknown_name", "unknown_name", "signed_in"]


def fill_log(joint: Joint) -> None:
    wall = clock.wall()
    for result, member, application, age in (
        (Result.SIGNED_IN, joint.member, None, 40), (Result.OPENED, joint.member, joint.application.pk, 3),
        (Result.WRONG_PASSWORD, joint.admin, None, 2), (Result.NOT_ALLOWED, joint.admin, joint.application.pk, 1),
    ):  # fmt: skip
        sign_in_log.record(
            joint.enterprise, result, Where(network="192.0.2.7", agent="=Firefox/1"), wall=wall - timedelta(days=age),
            member=member, application=application,
        )  # fmt: skip


def test_log_is_filtered_by_person_application_result_and_time() -> None:
    joint = make_joint()
    fill_log(joint)

    def matching_names(**asked: object) -> list[str]:
        return [row.result for row in sign_in_log.entries(joint.enterprise, LogFilter(**asked)).rows]  # type: ignore[arg-type]

    wall = clock.wall()
    assert matching_names() == ["not_allowed", "wrong_password", "opened", "signed_in"]
    assert matching_names(member=joint.admin.pk) == ["not_allowed", "wrong_password"]
    assert matching_names(application=joint.application.pk) == ["not_allowed", "opened"]
    assert matching_names(outcome="failed") == ["not_allowed", "wrong_password"]
    assert matching_names(application=joint.application.pk, outcome="succeeded") == ["opened"]
    assert matching_names(since=wall - timedelta(days=30), until=wall - timedelta(days=2, hours=12)) == ["opened"]
    assert matching_names(since=wall) == []
    page = log_page(joint, q="zhang")
    assert ("Opened the application" in page, "Wrong password" in page) == (True, False)
    assert "No sign-ins found" in log_page(joint, q="nobody")
    assert "192.0.2.7" in log_page(joint)


def test_administrator_sees_only_the_own_enterprise() -> None:
    joint, other_joint = make_joint(), make_joint()
    fill_log(other_joint)
    assert "No sign-ins yet" in log_page(joint)
    assert "No sign-ins found" in log_page(joint, member=other_joint.member.pk)
    assert "No sign-ins found" in log_page(joint, application=other_joint.application.pk)
    stranger = Browser()
    stranger.force_login(make_admin().user)
    for name in ("enterprise_sign_ins", "enterprise_sign_ins_export"):
        assert stranger.get(reverse(f"storefront:{name}", args=[other_joint.enterprise.code])).status_code == 404


def test_export_has_the_same_rows_escaped_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    joint = make_joint()
    Member.objects.filter(pk=joint.member.pk).update(name="=1+1")
    fill_log(joint)
    url = reverse("storefront:enterprise_sign_ins_export", args=[joint.enterprise.code])
    answer = admin_of(joint).get(url, {"member": joint.member.pk})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert head[:3] == ["Time", "Name", "Account name"]
    assert [row[1:3] for row in rows] == [["'=1+1", "zhang01"]] * 2
    assert rows[0][-1] == "'=Firefox/1"
    monkeypatch.setattr("tradepost.market.sites.storefront.enterprise_sign_ins.MAX_EXPORTED", 3)
    *_rows, last = csv.reader(StringIO(admin_of(joint).get(url).content.decode("utf-8-sig")))
    assert (len(_rows), last) == (4, ["There are more entries. Choose a shorter time range."])


def test_old_entries_are_deleted() -> None:
    joint = make_joint()
    fill_log(joint)
    assert SIGN_INS.work(clock.wall() - timedelta(days=30)) == 1
    assert SIGN_INS.work(clock.wall() - timedelta(days=30)) == 0
    assert SignInEntry.objects.count() == 3


@pytest.mark.parametrize(
    ("query_filter", "index"),
    [
        (LogFilter(), "sign_in_log"),
        (LogFilter(outcome="failed"), "sign_in_log_failed"),
        (LogFilter(member=7), "sign_in_log_member"),
        (LogFilter(member=7, outcome="failed"), "sign_in_log_member_bad"),
        (LogFilter(application=7), "sign_in_log_application"),
        (LogFilter(application=7, outcome="failed"), "sign_in_log_refused"),
    ],
)
def test_every_filter_has_an_index(query_filter: LogFilter, index: str) -> None:
    enterprise, other_enterprise = make_admin().enterprise, make_admin().enterprise
    SignInEntry.objects.bulk_create(
        SignInEntry(
            enterprise=other_enterprise if n % 10 else enterprise,
            result=Result.SIGNED_IN,
            succeeded=n % 100 > 0,
            at=clock.wall(),
        )
        for n in range(5000)
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE applications_signinentry")  # on an empty table the planner may choose any index
    rows, along = sign_in_log.filtered(enterprise, query_filter)
    assert index in plan(rows.order_by(*along, "-pk")[:26])


def test_filter_by_time_uses_an_index() -> None:
    entries_of_enterprise = SignInEntry.objects.filter(enterprise=make_admin().enterprise, at__gte=clock.wall())
    assert "sign_in_log_at" in plan(entries_of_enterprise.order_by("enterprise", "at").values_list("pk", flat=True)[:1])
