"""Member import: the table is validated, invalid lines are explained, and a worker imports it (joint.md §3, §6): "200 members imported
with three wrong lines explained".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import NOW
from tests.factories.organisations import head_office, make_admin, make_department, make_managed
from tests.factories.spreadsheets import spreadsheet
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, LeasedJob
from tradepost.market.identity.models import User
from tradepost.market.organisations import enterprise, import_members, members
from tradepost.market.organisations.import_members import ImportLimits, folder, report_of
from tradepost.market.organisations.import_report import Report
from tradepost.market.organisations.models import Enterprise, EnterpriseAct, ImportRun, Member
from tradepost.market.organisations.retention import tables

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def check_member_counts() -> Iterator[None]:
    """Check after each test that every enterprise has the right member count."""
    yield
    for enterprise_row in Enterprise.objects.all():
        assert enterprise_row.people == Member.objects.filter(enterprise=enterprise_row, removed_at=None).count()


BOUNDS = ImportLimits(bytes=1_000_000, lines=10_000, members=10_000)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Member:
    return make_admin()


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def upload(admin: Member, content: str | bytes, *, name: str = "people.csv") -> ImportRun:
    raw = content.encode() if isinstance(content, str) else content
    return import_members.upload(
        admin.enterprise, name, raw, by=admin, files=folder(config().files), bounds=BOUNDS, now=NOW
    )


def run_jobs() -> int:
    """Run everything that is due, as a worker does."""
    tasks = import_members.tasks(config, lambda: NOW)
    return leased_jobs.run_due(tasks, now=lambda: NOW, wall=clock.wall, owner="w")


def run_and_report(run: ImportRun) -> Report:
    run_jobs()
    run.refresh_from_db()
    return report_of(run)


def csv_table(*lines: str, heading: str = "account,name,department,role") -> str:
    return "\n".join([heading, *lines]) + "\n"


def imported_names(admin: Member) -> list[str]:
    members_of_table = Member.objects.filter(enterprise=admin.enterprise).exclude(pk=admin.pk)
    return list(members_of_table.order_by("pk").values_list("user_name", flat=True))


def test_two_hundred_members_are_imported_and_three_invalid_lines_explained(admin: Member) -> None:
    """The example that issue 15 requires."""
    make_department(admin, code="RD", name="研发")
    lines = [f"user{n:03},员工{n},RD,user" for n in range(1, 201)]
    lines[9:9] = ["bad name,张三,RD,user"]
    lines[99:99] = ["wang.wu,王五,NOWHERE,user"]
    lines.append("user001,李四,RD,user")
    run = upload(admin, csv_table(*lines))
    report = run_and_report(run)
    assert (run.status, report.new, report.wrong, report.right) == ("checked", 200, 3, 200)
    assert [(line.at, line.account, line.en) for line in report.shown] == [
        (
            11,
            "bad name",
            "An account name has 1 to 64 letters, digits, dots, hyphens and underscores, and starts with a letter or digit.",
        ),
        (
            101,
            "wang.wu",
            "There is no department “NOWHERE”. Enter the code or the path of a department, for example Head office/Research.",
        ),
        (204, "user001", "Line 2 has the account name “user001” already."),
    ]
    assert all(line.zh and line.zh != line.en for line in report.shown)
    assert imported_names(admin) == [], "validation changes nothing"
    import_members.confirm(run, by=admin, now=NOW)
    imported_report = run_and_report(run)
    assert (run.status, imported_report.new, imported_report.wrong, len(imported_names(admin))) == ("done", 200, 3, 200)
    member = Member.objects.select_related("user", "department").get(user_name="user007")
    assert (member.name, member.department.code, member.managed, member.user.email) == ("员工7", "RD", True, "")
    assert not member.user.has_usable_password()
    member_lists = [
        facts["members"] for facts in Event.objects.filter(name="members_changed").values_list("facts", flat=True)
    ]
    assert [len(member_list) for member_list in member_lists] == [200], "one event per transaction"
    assert EnterpriseAct.objects.latest("pk").act == "imported"


def test_repeated_import_changes_nothing(admin: Member) -> None:
    content = csv_table("han,韩梅梅,,admin", "mei,梅,,")
    for expected in ((2, 0, 0), (0, 0, 2)):
        run = upload(admin, content)
        report = run_and_report(run)
        assert (report.new, report.changed, report.same) == expected
        if report.right:
            import_members.confirm(run, by=admin, now=NOW)
            run_jobs()
        else:
            with refused("enterprise_import.nothing"):
                import_members.confirm(run, by=admin, now=NOW)
            import_members.discard(run, by=admin, now=NOW)
    assert sorted(imported_names(admin)) == ["han", "mei"]
    assert list(Member.objects.filter(user_name__in=["han", "mei"]).values_list("version", flat=True)) == [1, 1]


def test_line_changes_only_its_filled_cells(admin: Member) -> None:
    department = make_department(admin, code="RD")
    member = make_managed(admin, "han", role="admin").member
    heading = "Account Name,姓名,部门,角色,职位,入职日期,爱好"
    run = upload(admin, csv_table("HAN,韩 梅梅,rd,,Ops,2022-11-9,x", heading=heading))
    report = run_and_report(run)
    assert (report.changed, report.unread) == (1, ("爱好",))
    import_members.confirm(run, by=admin, now=NOW)
    run_jobs()
    member.refresh_from_db()
    assert (member.name, member.department, member.role, member.version) == ("韩 梅梅", department, "admin", 2)
    assert member.profile == {"position": "Ops", "entry_date": "2022-11-09"}
    assert report_of(ImportRun.objects.get()).changed == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (",李四,HQ,", "The account name is missing."),
        ("li.si,,HQ,", "The name is missing."),
        ("li.si,李四,HQ,boss", "A role is “user” or “admin”, not “boss”."),
        (
            "li.lei,李雷,HQ,user",
            "This person is an administrator. Remove this role on the member's page, not with a table.",
        ),
        (
            "gone,走了,HQ,",
            "“gone” belonged to a removed member. Restore that member, or choose another account name.",
        ),
        ("li.si,李\u202e四,HQ,", "A name has 1 to 64 characters in one line."),
    ],
)
def test_each_invalid_line_shows_its_error(admin: Member, line: str, message: str) -> None:
    members.remove(make_managed(admin, "gone").member, by=admin, now=NOW)
    report = run_and_report(upload(admin, csv_table(line)))
    assert [(finding.at, finding.en) for finding in report.shown] == [(2, message)]
    assert (report.right, report.wrong) == (0, 1)


def test_departments_are_found_by_code_or_path(admin: Member) -> None:
    top = head_office(admin.enterprise)
    make_department(admin, code="QA-1", name="质量", parent=make_department(admin, code="RD", name="研发"))
    run = upload(admin, csv_table(f"a1,A,{top.name} / 研发/质量,", "a2,B,qa-1,", "a3,C,质量,", "a4,D,,"))
    report = run_and_report(run)
    assert (report.new, [line.at for line in report.shown]) == (2, [4, 5]), "with two departments, a line must name one"


def test_number_of_members_is_limited(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_members, "limits_of", lambda _settings: ImportLimits(bytes=99, lines=99, members=3))
    report = run_and_report(upload(admin, csv_table("a1,A,,", "a2,B,,", "a3,C,,")))
    assert (report.new, [line.en for line in report.shown]) == (2, ["An enterprise has at most 3 members."])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00\x01", "The table is neither a spreadsheet (XLSX) nor CSV in UTF-8 or GBK."),
        (b"PK\x03\x04 no archive", "The spreadsheet cannot be read. Save it as XLSX without a password and with at most 20000 lines, or as CSV."),
        ("name\n李四\n".encode(), "The first row of the table must name its columns: at least account name and name."),
        (b"account,name\n", "The table has no lines below the header."),
        (b'account,name\n"a,b\n', "The table cannot be read. Save it as CSV again."),
    ],
)  # fmt: skip
def test_unreadable_table_is_refused_with_an_explanation(admin: Member, content: bytes, message: str) -> None:
    run = upload(admin, content)
    report = run_and_report(run)
    assert (run.status, report.en, report.zh != report.en) == ("unreadable", message, True)
    with refused("enterprise_import.decided"):
        import_members.confirm(run, by=admin, now=NOW)
    assert imported_names(admin) == []


def test_spreadsheet_is_imported_like_csv(admin: Member) -> None:
    rows = [("账号", "姓名", "工号"), ("han", "韩梅梅", 10023), ("mei", "梅", 26512000000012345678)]
    report = run_and_report(run := upload(admin, spreadsheet(rows), name="people.xlsx"))
    assert (run.status, report.new, [line.at for line in report.shown]) == ("checked", 1, [3]), (
        "a long number was truncated"
    )
    import_members.confirm(run, by=admin, now=NOW)
    run_jobs()
    assert Member.objects.get(user_name="han").profile == {"employee_code": "10023"}
    assert Member.objects.get(user_name="han").name == "韩梅梅"


def test_gbk_as_saved_by_excel_is_read(admin: Member) -> None:
    report = run_and_report(run := upload(admin, "账号,姓名\nhan,韩梅梅\n".encode("gb18030")))
    import_members.confirm(run, by=admin, now=NOW)
    run_jobs()
    assert (report.new, Member.objects.get(user_name="han").name) == (1, "韩梅梅")


def test_only_one_open_import_and_a_limited_file_size(admin: Member) -> None:
    run = upload(admin, csv_table("a1,A,,"))
    with refused("enterprise_import.open"):
        upload(admin, csv_table("a2,B,,"))
    run_jobs()
    import_members.discard(run, by=admin, now=NOW)
    with refused("enterprise_import.too_large"):
        upload(admin, b"x" * 1_000_001)
    with refused("enterprise_import.table"):
        upload(admin, b"")
    assert ImportRun.objects.get().status == "stopped"
    assert imported_names(admin) == []


def test_import_resumes_after_a_crash_without_duplicates(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_members, "BATCH", 2)
    run = upload(admin, csv_table("a1,A,,", "a2,B,,", "a3,C,,", "a1,A again,,", "a4,D,,"))
    assert run_and_report(run).new == 4
    import_members.confirm(run, by=admin, now=NOW)
    original = import_members._import_batch
    calls: list[int] = []

    def crash(*args: object, **kwargs: object) -> ImportRun:
        if len(calls) == 2:
            calls.append(1)
            raise RuntimeError("killed")
        calls.append(1)
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(import_members, "_import_batch", crash)
    run_jobs()
    assert imported_names(admin) == ["a1", "a2", "a3"]
    LeasedJob.objects.filter(kind=import_members.IMPORTS).update(due_at=NOW)
    report = run_and_report(run)
    assert (run.status, imported_names(admin)) == ("done", ["a1", "a2", "a3", "a4"])
    assert (report.new, [(line.at, line.en) for line in report.shown]) == (
        4,
        [(5, "Line 2 has the account name “a1” already.")],
    )
    assert User.objects.filter(email=None).count() == 4


def test_import_stops_when_the_enterprise_is_dissolved(admin: Member) -> None:
    run = upload(admin, csv_table("a1,A,,"))
    run_jobs()
    import_members.confirm(run, by=admin, now=NOW)
    enterprise.end(admin.enterprise, now=NOW)
    report = run_and_report(run)
    assert (run.status, imported_names(admin)) == ("stopped", [])
    assert report.en.startswith(
        "The import was interrupted. The enterprise was dissolved, the person who started it is no longer an administrator, or the market failed"
    )


def test_running_import_can_be_stopped(admin: Member) -> None:
    run = upload(admin, csv_table("a1,A,,"))
    run_jobs()
    import_members.confirm(run, by=admin, now=NOW)
    import_members.discard(run, by=admin, now=NOW)
    report = run_and_report(run)
    assert (run.status, report.en, imported_names(admin)) == ("stopped", "An administrator stopped it.", [])
    with refused("enterprise_import.decided"):
        import_members.discard(run, by=admin, now=NOW)


def test_old_tables_are_deleted_and_unconfirmed_imports_stopped(admin: Member) -> None:
    week = timedelta(days=7)
    run = upload(admin, csv_table("a1,A,,"))
    run_jobs()
    sweep = tables(folder(config().files), keep=week)
    assert sweep.work(NOW) == 0, "not old enough"
    assert sweep.work(NOW + timedelta(days=8) - week) == 1
    run.refresh_from_db()
    assert (run.status, run.sha256, run.ended_at) == ("stopped", "", NOW + timedelta(days=8))
