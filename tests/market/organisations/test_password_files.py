"""First passwords of an import are delivered in one sealed file (issue 25, 17)."""

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
from tradepost.market.organisations.import_judge import Kind, LineDecision, MemberData
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


def import_members_of(admin: Member, names: list[str], *, name: str = "Han") -> ImportRun:
    run = ImportRun.objects.create(
        enterprise=admin.enterprise, by=admin.user, file_name="t.csv", sha256="", size=1, status="done", created_at=NOW
    )
    department = head_office(admin.enterprise).pk
    decisions = [
        LineDecision(
            line=Line(at=at, cells={}), kind=Kind.NEW,
            data=MemberData(user_name=user_name, name=name, department=department, role="user", profile=Profile()),
        )
        for at, user_name in enumerate(names)
    ]  # fmt: skip
    apply(admin.enterprise, decisions, run=run.pk, now=NOW)
    return run


def run_jobs(*, now=NOW) -> int:
    tasks = {password_files.MAKE: password_files.task(lambda: now)}
    return leased_jobs.run_due(tasks, now=lambda: now, wall=clock.wall, owner="w")


def test_password_file_contains_only_the_new_members_of_the_import(
    admin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_files, "BATCH", 2)
    other = import_members_of(admin, ["other"])
    run = import_members_of(admin, ["a1", "a2", "a3", "a4", "a5"])
    unaffected = make_managed(admin, "keeps")
    password_file = password_files.start(admin.enterprise, run, by=admin, now=NOW)
    with refused("password_file.open"):
        password_files.start(admin.enterprise, other, by=admin, now=NOW)
    assert run_jobs() == 1
    password_file.refresh_from_db()
    assert (password_file.status, password_file.made, password_file.parts.count()) == ("ready", 5, 3)
    assert password_file.until == NOW + timedelta(days=1)
    lines = password_files.read(password_file, by=admin, now=NOW)
    assert [line.account for line in lines] == ["a1", "a2", "a3", "a4", "a5"]
    for line in lines:
        member = Member.objects.select_related("user").get(user_name=line.account)
        assert member.user.check_password(line.password)
        assert member.password_temporary
        assert not any(line.password in part.sealed for part in PasswordPart.objects.all())
    unaffected.member.user.refresh_from_db()
    assert unaffected.member.user.check_password(unaffected.password)
    assert Member.objects.get(user_name="other").password_at is None
    assert list(EnterpriseAct.objects.order_by("pk").values_list("act", flat=True))[-2:] == [
        "password_file",
        "password_file_read",
    ]
    with refused("password_file.nobody"):
        password_files.start(admin.enterprise, run, by=admin, now=NOW)


def test_password_file_survives_a_crash_of_the_worker(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_files, "BATCH", 2)
    run = import_members_of(admin, ["a1", "a2", "a3", "a4"])
    password_file = password_files.start(admin.enterprise, run, by=admin, now=NOW)
    original = password_files._set_passwords
    calls: list[int] = []

    def crash(*args: object, **kwargs: object) -> int:
        if len(calls) == 1:
            calls.append(1)
            raise ConnectionError
        calls.append(1)
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(password_files, "_set_passwords", crash)
    run_jobs()
    later = NOW + timedelta(minutes=5)
    tasks = {password_files.MAKE: password_files.task(lambda: later)}
    leased_jobs.run_due(tasks, now=lambda: later, wall=lambda: clock.wall() + timedelta(minutes=5), owner="w")
    password_file.refresh_from_db()
    assert (password_file.status, password_file.made) == ("ready", 4)
    for line in password_files.read(password_file, by=admin, now=later):
        assert Member.objects.get(user_name=line.account).user.check_password(line.password)


def test_password_file_is_deleted_after_a_day_or_manually(admin: Member) -> None:
    password_file = password_files.start(admin.enterprise, import_members_of(admin, ["a1"]), by=admin, now=NOW)
    with refused("password_file.open"):
        password_files.delete(password_file, by=admin, now=NOW)
    run_jobs()
    later = NOW + timedelta(days=1)
    with refused("password_file.gone"):
        password_files.read(password_file, by=admin, now=later)
    assert Job.objects.filter(kind=password_files.END).count() == 1
    jobs.run_due({password_files.END: TASKS[password_files.END]}, now=later)
    password_file.refresh_from_db()
    assert (password_file.status, PasswordPart.objects.count()) == ("deleted", 0)
    second_file = password_files.start(admin.enterprise, import_members_of(admin, ["b1"]), by=admin, now=later)
    run_jobs(now=later)
    password_files.delete(second_file, by=admin, now=later)
    assert PasswordPart.objects.count() == 0
    assert EnterpriseAct.objects.latest("pk").act == "password_file_deleted"


def test_former_administrator_gets_no_password_file(admin: Member) -> None:
    other = make_managed(admin, "boss", role="admin").member
    password_file = password_files.start(admin.enterprise, import_members_of(admin, ["a1"]), by=other, now=NOW)
    members.disable(other, by=admin, now=NOW)
    run_jobs()
    password_file.refresh_from_db()
    assert (password_file.status, password_file.made) == ("stopped", 0)
    assert Member.objects.get(user_name="a1").password_at is None
    with refused("enterprise.not_admin"):
        password_files.read(password_file, by=other, now=NOW)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_downloaded_table_contains_no_formulas(admin: Member, kind: str) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin.user)
    run = import_members_of(admin, ["a1"], name=FORMULA)
    home = f"/enterprise/{admin.enterprise.code}/"
    assert "Generate first passwords" in client.get(f"{home}import/{run.pk}/").text
    started = client.post(f"{home}import/{run.pk}/passwords/")
    url = started["Location"]
    assert "passwords generated. You can close this page" in client.get(url).text
    run_jobs(now=clock.now())
    assert "Download as XLSX" in client.get(url).text
    assert url in client.get(f"{home}import/{run.pk}/").text
    assert client.get(f"{url}download/").status_code == 405
    answer = client.post(f"{url}download/", {"format": kind})
    assert answer["Cache-Control"].find("no-store") >= 0
    assert f"passwords-{admin.enterprise.code}.{kind}" in answer["Content-Disposition"]
    if kind == "csv":
        assert f",'{FORMULA}," in answer.content.decode("utf-8-sig")
    else:
        rows = CalamineWorkbook.from_object(__import__("io").BytesIO(answer.content)).get_sheet_by_index(0).to_python()
        assert rows[1][1] == FORMULA
        assert b"<f>" not in answer.content
    client.post(f"{url}delete/")
    assert "The file was deleted" in client.get(url).text
    assert client.post(f"{url}download/", {"format": kind}).status_code == 410
    stranger = Client()
    stranger.force_login(make_admin().user)
    assert stranger.post(f"{url}download/").status_code == 404


def test_one_file_for_all_members_without_a_password(admin: Member) -> None:
    import_members_of(admin, ["a1"])
    import_members_of(admin, ["b1"])
    client = Client(headers={"accept-language": "en"})
    client.force_login(admin.user)
    home = f"/enterprise/{admin.enterprise.code}/"
    assert "Generate first passwords for all" in client.get(f"{home}members/?show=passwords").text
    url = client.post(f"{home}passwords/")["Location"]
    assert url in client.get(f"{home}members/?show=passwords").text, "the file can be found after the page is closed"
    run_jobs(now=clock.now())
    assert PasswordFile.objects.get().made == 2
    assert url in client.get(f"{home}members/?show=passwords").text, "also when every member has a password"
    client.post(f"{url}delete/")
    assert url not in client.get(f"{home}members/?show=passwords").text
