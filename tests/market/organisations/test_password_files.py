"""First passwords of an import come in one sealed file (issue 25, 17)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import translation
from python_calamine import CalamineWorkbook

from tests.factories import NOW
from tests.factories.organisations import head_office, make_admin, make_managed
from tradepost.market.base import clock, jobs, leased_jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Job
from tradepost.market.organisations import members, password_files
from tradepost.market.organisations.import_judge import Judged, Kind, Wanted
from tradepost.market.organisations.import_rows import apply
from tradepost.market.organisations.import_table import Line
from tradepost.market.organisations.models import EnterpriseAct, ImportRun, Member, PasswordFile, PasswordPart
from tradepost.market.organisations.profile import Profile
from tradepost.market.wiring import TASKS

pytestmark = pytest.mark.django_db
FORMULA = "=HYPERLINK(1)"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Member:
    return make_admin()


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def imported(admin: Member, names: list[str], *, name: str = "Han") -> ImportRun:
    run = ImportRun.objects.create(
        enterprise=admin.enterprise, by=admin.user, file_name="t.csv", sha256="", size=1, status="done", created_at=NOW
    )
    where = head_office(admin.enterprise).pk
    judged = [
        Judged(
            line=Line(at=at, said={}), kind=Kind.NEW,
            wanted=Wanted(user_name=one, name=name, department=where, role="user", profile=Profile()),
        )
        for at, one in enumerate(names)
    ]  # fmt: skip
    apply(admin.enterprise, judged, run=run.pk, now=NOW)
    return run


def work(*, now=NOW) -> int:
    tasks = {password_files.MAKE: password_files.task(lambda: now)}
    return leased_jobs.run_due(tasks, now=lambda: now, wall=clock.wall, owner="w")


def test_all_new_members_of_an_import_and_nobody_else(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_files, "BATCH", 2)
    other = imported(admin, ["other"])
    run = imported(admin, ["a1", "a2", "a3", "a4", "a5"])
    keeps = make_managed(admin, "keeps")
    made = password_files.start(admin.enterprise, run, by=admin, now=NOW)
    with refused("password_file.open"):
        password_files.start(admin.enterprise, other, by=admin, now=NOW)
    assert work() == 1
    made.refresh_from_db()
    assert (made.status, made.made, made.parts.count()) == ("ready", 5, 3)
    assert made.until == NOW + timedelta(days=1)
    lines = password_files.read(made, by=admin, now=NOW)
    assert [one.account for one in lines] == ["a1", "a2", "a3", "a4", "a5"]
    for line in lines:
        one = Member.objects.select_related("user").get(user_name=line.account)
        assert one.user.check_password(line.password)
        assert one.password_temporary
        assert not any(line.password in part.sealed for part in PasswordPart.objects.all())
    keeps.member.user.refresh_from_db()
    assert keeps.member.user.check_password(keeps.password)
    assert Member.objects.get(user_name="other").password_at is None
    assert list(EnterpriseAct.objects.order_by("pk").values_list("act", flat=True))[-2:] == [
        "password_file",
        "password_file_read",
    ]
    with refused("password_file.nobody"):
        password_files.start(admin.enterprise, run, by=admin, now=NOW)


def test_a_worker_that_dies_loses_no_password(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_files, "BATCH", 2)
    run = imported(admin, ["a1", "a2", "a3", "a4"])
    made = password_files.start(admin.enterprise, run, by=admin, now=NOW)
    real = password_files._give
    calls: list[int] = []

    def dies(*args: object, **kwargs: object) -> int:
        if len(calls) == 1:
            calls.append(1)
            raise ConnectionError
        calls.append(1)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(password_files, "_give", dies)
    work()
    later = NOW + timedelta(minutes=5)
    tasks = {password_files.MAKE: password_files.task(lambda: later)}
    leased_jobs.run_due(tasks, now=lambda: later, wall=lambda: clock.wall() + timedelta(minutes=5), owner="w")
    made.refresh_from_db()
    assert (made.status, made.made) == ("ready", 4)
    for line in password_files.read(made, by=admin, now=later):
        assert Member.objects.get(user_name=line.account).user.check_password(line.password)


def test_it_is_deleted_after_a_day_or_by_hand(admin: Member) -> None:
    made = password_files.start(admin.enterprise, imported(admin, ["a1"]), by=admin, now=NOW)
    with refused("password_file.open"):
        password_files.delete(made, by=admin, now=NOW)
    work()
    later = NOW + timedelta(days=1)
    with refused("password_file.gone"):
        password_files.read(made, by=admin, now=later)
    assert Job.objects.filter(kind=password_files.END).count() == 1
    jobs.run_due({password_files.END: TASKS[password_files.END]}, now=later)
    made.refresh_from_db()
    assert (made.status, PasswordPart.objects.count()) == ("deleted", 0)
    again = password_files.start(admin.enterprise, imported(admin, ["b1"]), by=admin, now=later)
    work(now=later)
    password_files.delete(again, by=admin, now=later)
    assert PasswordPart.objects.count() == 0
    assert EnterpriseAct.objects.latest("pk").act == "password_file_deleted"


def test_who_is_no_administrator_any_more_gets_no_passwords_made(admin: Member) -> None:
    other = make_managed(admin, "boss", role="admin").member
    made = password_files.start(admin.enterprise, imported(admin, ["a1"]), by=other, now=NOW)
    members.disable(other, by=admin, now=NOW)
    work()
    made.refresh_from_db()
    assert (made.status, made.made) == ("stopped", 0)
    assert Member.objects.get(user_name="a1").password_at is None
    with refused("enterprise.not_admin"):
        password_files.read(made, by=other, now=NOW)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_page_gives_a_table_in_which_nothing_runs(admin: Member, kind: str) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin.user)
    run = imported(admin, ["a1"], name=FORMULA)
    home = f"/enterprise/{admin.enterprise.code}/"
    assert "Generate first passwords" in client.get(f"{home}import/{run.pk}/").text
    started = client.post(f"{home}import/{run.pk}/passwords/")
    at = started["Location"]
    assert "passwords are generated" in client.get(at).text
    work(now=clock.now())
    assert "Download as XLSX" in client.get(at).text
    assert at in client.get(f"{home}import/{run.pk}/").text
    assert client.get(f"{at}download/").status_code == 405
    answer = client.post(f"{at}download/", {"format": kind})
    assert answer["Cache-Control"].find("no-store") >= 0
    assert f"passwords-{admin.enterprise.code}.{kind}" in answer["Content-Disposition"]
    if kind == "csv":
        assert f",'{FORMULA}," in answer.content.decode("utf-8-sig")
    else:
        rows = CalamineWorkbook.from_object(__import__("io").BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert rows[1][1] == FORMULA
        assert b"<f>" not in answer.content
    client.post(f"{at}delete/")
    assert "The file was deleted" in client.get(at).text
    assert client.post(f"{at}download/", {"format": kind}).status_code == 410
    stranger = Client()
    stranger.force_login(make_admin().user)
    assert stranger.post(f"{at}download/").status_code == 404


def test_all_members_without_a_password_in_one_file(admin: Member) -> None:
    imported(admin, ["a1"])
    imported(admin, ["b1"])
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin.user)
    home = f"/enterprise/{admin.enterprise.code}/"
    assert "Generate first passwords for all" in client.get(f"{home}members/?show=passwords").text
    at = client.post(f"{home}passwords/")["Location"]
    assert at in client.get(f"{home}members/?show=passwords").text, "who closed the page finds it again"
    work(now=clock.now())
    assert PasswordFile.objects.get().made == 2
    assert at in client.get(f"{home}members/?show=passwords").text, "even when nobody is without a password any more"
    client.post(f"{at}delete/")
    assert at not in client.get(f"{home}members/?show=passwords").text
