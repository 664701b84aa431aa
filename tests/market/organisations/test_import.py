"""A table of members is looked through, its wrong lines explained, and imported by a worker (joint.md §3, §6): "200 members imported
with three wrong lines explained"."""

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
from tradepost.market.organisations.import_members import Bounds, folder, report_of
from tradepost.market.organisations.import_report import Report
from tradepost.market.organisations.models import Enterprise, EnterpriseAct, ImportRun, Member
from tradepost.market.organisations.retention import tables

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Whatever a test does, each enterprise knows how many members it has."""
    yield
    for one in Enterprise.objects.all():
        assert one.people == Member.objects.filter(enterprise=one, removed_at=None).count()


BOUNDS = Bounds(bytes=1_000_000, lines=10_000, members=10_000)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def admin() -> Member:
    return make_admin()


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def hand_in(admin: Member, content: str | bytes, *, name: str = "people.csv") -> ImportRun:
    raw = content.encode() if isinstance(content, str) else content
    return import_members.hand_in(
        admin.enterprise, name, raw, by=admin, files=folder(config().files), bounds=BOUNDS, now=NOW
    )


def work() -> int:
    """Everything that is due, as a worker does it."""
    tasks = import_members.tasks(config, lambda: NOW)
    return leased_jobs.run_due(tasks, now=lambda: NOW, wall=clock.wall, owner="w")


def looked(run: ImportRun) -> Report:
    work()
    run.refresh_from_db()
    return report_of(run)


def table(*lines: str, heading: str = "account,name,department,role") -> str:
    return "\n".join([heading, *lines]) + "\n"


def people(admin: Member) -> list[str]:
    found = Member.objects.filter(enterprise=admin.enterprise).exclude(pk=admin.pk)
    return list(found.order_by("pk").values_list("user_name", flat=True))


def test_two_hundred_are_imported_and_three_wrong_lines_are_explained(admin: Member) -> None:
    """The line of issue 15 that must be shown."""
    make_department(admin, code="RD", name="研发")
    lines = [f"user{n:03},员工{n},RD,user" for n in range(1, 201)]
    lines[9:9] = ["bad name,张三,RD,user"]
    lines[99:99] = ["wang.wu,王五,NOWHERE,user"]
    lines.append("user001,李四,RD,user")
    run = hand_in(admin, table(*lines))
    report = looked(run)
    assert (run.status, report.new, report.wrong, report.right) == ("checked", 200, 3, 200)
    assert [(one.at, one.account, one.en) for one in report.shown] == [
        (
            11,
            "bad name",
            "An account name has 1 to 64 letters, digits, dots, hyphens and underscores, a letter or digit first.",
        ),
        (101, "wang.wu", "There is no department “NOWHERE”. Give the code of one, or its path: Head office/Research."),
        (204, "user001", "Line 2 has the account name “user001” already."),
    ]
    assert all(one.zh and one.zh != one.en for one in report.shown)
    assert people(admin) == [], "a look changes nothing"
    import_members.confirm(run, by=admin, now=NOW)
    done = looked(run)
    assert (run.status, done.new, done.wrong, len(people(admin))) == ("done", 200, 3, 200)
    one = Member.objects.select_related("user", "department").get(user_name="user007")
    assert (one.name, one.department.code, one.managed, one.user.email) == ("员工7", "RD", True, "")
    assert not one.user.has_usable_password()
    told = [facts["members"] for facts in Event.objects.filter(name="members_changed").values_list("facts", flat=True)]
    assert [len(each) for each in told] == [200], "one event for all of a transaction"
    assert EnterpriseAct.objects.latest("pk").act == "imported"


def test_the_same_table_again_changes_nobody(admin: Member) -> None:
    content = table("han,韩梅梅,,admin", "mei,梅,,")
    for expected in ((2, 0, 0), (0, 0, 2)):
        run = hand_in(admin, content)
        report = looked(run)
        assert (report.new, report.changed, report.same) == expected
        if report.right:
            import_members.confirm(run, by=admin, now=NOW)
            work()
        else:
            with refused("enterprise_import.nothing"):
                import_members.confirm(run, by=admin, now=NOW)
            import_members.drop(run, by=admin, now=NOW)
    assert sorted(people(admin)) == ["han", "mei"]
    assert list(Member.objects.filter(user_name__in=["han", "mei"]).values_list("version", flat=True)) == [1, 1]


def test_a_line_changes_what_it_says_and_takes_nothing_away(admin: Member) -> None:
    there = make_department(admin, code="RD")
    one = make_managed(admin, "han", role="admin").member
    heading = "Account Name,姓名,部门,角色,职位,入职日期,爱好"
    run = hand_in(admin, table("HAN,韩 梅梅,rd,,Ops,2022-11-9,x", heading=heading))
    report = looked(run)
    assert (report.changed, report.unread) == (1, ("爱好",))
    import_members.confirm(run, by=admin, now=NOW)
    work()
    one.refresh_from_db()
    assert (one.name, one.department, one.role, one.version) == ("韩 梅梅", there, "admin", 2)
    assert one.profile == {"position": "Ops", "entry_date": "2022-11-09"}
    assert report_of(ImportRun.objects.get()).changed == 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",李四,HQ,", "The account name is missing."),
        ("li.si,,HQ,", "The name is missing."),
        ("li.si,李四,HQ,boss", "A role is “user” or “admin”, not “boss”."),
        ("li.lei,李雷,HQ,user", "This person is an administrator. Take that back on their own page, not with a table."),
        (
            "gone,走了,HQ,",
            "“gone” belonged to somebody who was removed. Bring that person back, or choose another account name.",
        ),
        ("li.si,李\u202e四,HQ,", "A name has 1 to 64 characters in one line."),
    ],
)
def test_each_wrong_line_says_why(admin: Member, line: str, words: str) -> None:
    members.remove(make_managed(admin, "gone").member, by=admin, now=NOW)
    report = looked(hand_in(admin, table(line)))
    assert [(one.at, one.en) for one in report.shown] == [(2, words)]
    assert (report.right, report.wrong) == (0, 1)


def test_departments_are_found_by_code_and_by_path(admin: Member) -> None:
    top = head_office(admin.enterprise)
    make_department(admin, code="QA-1", name="质量", parent=make_department(admin, code="RD", name="研发"))
    run = hand_in(admin, table(f"a1,A,{top.name} / 研发/质量,", "a2,B,qa-1,", "a3,C,质量,", "a4,D,,"))
    report = looked(run)
    assert (report.new, [one.at for one in report.shown]) == (2, [4, 5]), "two departments are there: one must be named"


def test_an_enterprise_has_room_for_so_many(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_members, "bounds_of", lambda _settings: Bounds(bytes=99, lines=99, members=3))
    report = looked(hand_in(admin, table("a1,A,,", "a2,B,,", "a3,C,,")))
    assert (report.new, [one.en for one in report.shown]) == (2, ["An enterprise has at most 3 members."])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00\x01", "The table is neither a spreadsheet (XLSX) nor CSV in UTF-8 or GBK."),
        (b"PK\x03\x04 no archive", "This is no spreadsheet that can be read. Save it as XLSX without a password, with at most 20000 lines, or as CSV."),
        ("name\n李四\n".encode(), "The first line of the table names its columns: account name and name at least."),
        (b"account,name\n", "The table has no line below its first one."),
        (b'account,name\n"a,b\n', "This is no table that can be read: save it as CSV again."),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(admin: Member, content: bytes, words: str) -> None:
    run = hand_in(admin, content)
    report = looked(run)
    assert (run.status, report.en, report.zh != report.en) == ("unreadable", words, True)
    with refused("enterprise_import.decided"):
        import_members.confirm(run, by=admin, now=NOW)
    assert people(admin) == []


def test_a_spreadsheet_says_the_same_as_csv(admin: Member) -> None:
    rows = [("账号", "姓名", "工号"), ("han", "韩梅梅", 10023), ("mei", "梅", 26512000000012345678)]
    report = looked(run := hand_in(admin, spreadsheet(rows), name="people.xlsx"))
    assert (run.status, report.new, [one.at for one in report.shown]) == ("checked", 1, [3]), "a number was cut"
    import_members.confirm(run, by=admin, now=NOW)
    work()
    assert Member.objects.get(user_name="han").profile == {"employee_code": "10023"}
    assert Member.objects.get(user_name="han").name == "韩梅梅"


def test_gbk_is_read_as_excel_saves_it(admin: Member) -> None:
    report = looked(run := hand_in(admin, "账号,姓名\nhan,韩梅梅\n".encode("gb18030")))
    import_members.confirm(run, by=admin, now=NOW)
    work()
    assert (report.new, Member.objects.get(user_name="han").name) == (1, "韩梅梅")


def test_one_table_is_open_at_a_time_and_a_file_is_bounded(admin: Member) -> None:
    run = hand_in(admin, table("a1,A,,"))
    with refused("enterprise_import.open"):
        hand_in(admin, table("a2,B,,"))
    work()
    import_members.drop(run, by=admin, now=NOW)
    with refused("enterprise_import.too_large"):
        hand_in(admin, b"x" * 1_000_001)
    with refused("enterprise_import.table"):
        hand_in(admin, b"")
    assert ImportRun.objects.get().status == "stopped"
    assert people(admin) == []


def test_a_worker_that_dies_in_the_middle_leaves_nobody_twice(admin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_members, "BATCH", 2)
    run = hand_in(admin, table("a1,A,,", "a2,B,,", "a3,C,,", "a1,A again,,", "a4,D,,"))
    assert looked(run).new == 4
    import_members.confirm(run, by=admin, now=NOW)
    real = import_members._import_batch
    begun: list[int] = []

    def dies(*args: object, **kwargs: object) -> ImportRun:
        if len(begun) == 2:
            begun.append(1)
            raise RuntimeError("killed")
        begun.append(1)
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(import_members, "_import_batch", dies)
    work()
    assert people(admin) == ["a1", "a2", "a3"]
    LeasedJob.objects.filter(kind=import_members.IMPORTS).update(due_at=NOW)
    report = looked(run)
    assert (run.status, people(admin)) == ("done", ["a1", "a2", "a3", "a4"])
    assert (report.new, [(one.at, one.en) for one in report.shown]) == (
        4,
        [(5, "Line 2 has the account name “a1” already.")],
    )
    assert User.objects.filter(email=None).count() == 4


def test_an_import_ends_with_the_rights_of_who_began_it(admin: Member) -> None:
    run = hand_in(admin, table("a1,A,,"))
    work()
    import_members.confirm(run, by=admin, now=NOW)
    enterprise.dissolve(admin.enterprise, by=admin, typed=admin.enterprise.code, now=NOW)
    report = looked(run)
    assert (run.status, people(admin)) == ("stopped", [])
    assert report.en.startswith("It was broken off: the enterprise was dissolved")


def test_what_is_being_imported_is_stopped_when_somebody_says_so(admin: Member) -> None:
    run = hand_in(admin, table("a1,A,,"))
    work()
    import_members.confirm(run, by=admin, now=NOW)
    import_members.drop(run, by=admin, now=NOW)
    report = looked(run)
    assert (run.status, report.en, people(admin)) == ("stopped", "An administrator stopped it.", [])
    with refused("enterprise_import.decided"):
        import_members.drop(run, by=admin, now=NOW)


def test_tables_go_and_what_nobody_confirmed_with_them(admin: Member) -> None:
    week = timedelta(days=7)
    run = hand_in(admin, table("a1,A,,"))
    work()
    sweep = tables(folder(config().files), keep=week)
    assert sweep.work(NOW) == 0, "not older"
    assert sweep.work(NOW + timedelta(days=8) - week) == 1
    run.refresh_from_db()
    assert (run.status, run.sha256, run.ended_at) == ("stopped", "", NOW + timedelta(days=8))
