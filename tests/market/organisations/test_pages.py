"""The pages of an enterprise: for its administrators, for its members, and for nobody else (role × act × object)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories import make_buyer
from tests.factories.organisations import head_office, make_admin, make_department, make_enterprise_member, make_managed
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.organisations import import_members
from tradepost.market.organisations.models import (
    Department,
    Enterprise,
    Group,
    GroupMember,
    ImportRun,
    Invitation,
    Member,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted() -> Iterator[None]:
    """Whatever a test does, each enterprise knows how many members it has."""
    yield
    for one in Enterprise.objects.all():
        assert one.people == Member.objects.filter(enterprise=one, removed_at=None).count()


def logged_in(user, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


@pytest.fixture
def admin() -> Member:
    return make_admin(code="lantian")


@pytest.fixture
def client(admin: Member) -> Client:
    return logged_in(admin.user)


def at(name: str, *args: object) -> str:
    return reverse(f"storefront:{name}", args=["lantian", *args])


def test_an_enterprise_is_founded_on_a_page() -> None:
    buyer = make_buyer(balance="0")
    client = logged_in(buyer)
    assert "You belong to no enterprise yet" in client.get("/enterprise/").text
    typed = {"name": "蓝天制造", "code": "Lan Tian", "person": "李雷", "user_name": "li.lei"}
    refused = client.post("/enterprise/new/", typed)
    assert (refused.status_code, Enterprise.objects.count()) == (422, 0)
    assert "neither begins nor ends with a hyphen" in refused.text
    answer = client.post("/enterprise/new/", typed | {"code": "lantian"})
    assert answer.headers["location"] == "/enterprise/lantian/"
    assert "li.lei@lantian" in client.get("/enterprise/lantian/").text


PAGES = ["enterprise_settings", "enterprise_members", "enterprise_member_new", "enterprise_invite", "enterprise_departments",
         "enterprise_department_new", "enterprise_groups", "enterprise_imports", "enterprise_import_template", "enterprise_history"]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_administrators_see_all_pages_and_members_their_own(admin: Member, language: str) -> None:
    plain = make_enterprise_member(admin, make_buyer(balance="0"))
    for name in ["enterprise", *PAGES]:
        assert logged_in(admin.user, language).get(at(name)).status_code == 200, name
        assert logged_in(plain.user, language).get(at(name)).status_code == (200 if name == "enterprise" else 403), name
        assert logged_in(make_buyer(balance="0"), language).get(at(name)).status_code == 404, name
    Member.objects.filter(pk=plain.pk).update(enabled=False)
    assert logged_in(plain.user).get(at("enterprise")).status_code == 404


def test_a_password_stands_on_one_page(admin: Member, client: Client) -> None:
    typed = {
        "user_name": "han",
        "name": "韩梅梅",
        "department": str(head_office(admin.enterprise).pk),
        "role": "user",
        "entry_date": "2026-3-1",
    }
    page = client.post(at("enterprise_member_new"), typed)
    [password] = re.findall(r'data-value="([^"]+)"', page.text)
    one = Member.objects.get(user_name="han")
    assert one.user.check_password(password)
    assert "no-store" in page.headers["cache-control"]
    assert password not in client.get(at("enterprise_member", one.pk)).text
    assert client.post(at("enterprise_member_new"), typed).status_code == 409
    assert client.post(at("enterprise_member_password", one.pk)).status_code == 200
    again = client.post(at("enterprise_member_password", one.pk))
    assert (again.status_code, "Another one can be made in 3 minutes" in again.text) == (429, True)


def test_a_member_is_changed_disabled_removed_and_brought_back(admin: Member, client: Client) -> None:
    one, there = make_managed(admin, "han").member, make_department(admin)
    typed = {"name": "Han", "department": str(there.pk), "role": "admin", "mobile": "call me"}
    refused = client.post(at("enterprise_member", one.pk), typed)
    one.refresh_from_db()
    assert (refused.status_code, one.version) == (422, 1)
    client.post(at("enterprise_member", one.pk), typed | {"mobile": "138 0000 0000"})
    one.refresh_from_db()
    assert (one.department, one.role, one.profile) == (there, "admin", {"mobile": "138 0000 0000"})
    for act, enabled, removed in (("disable", False, False), ("enable", True, False), ("remove", True, True)):
        assert client.post(at(f"enterprise_member_{act}", one.pk)).status_code == 302
        one.refresh_from_db()
        assert (one.enabled, one.removed_at is not None) == (enabled, removed)
    assert "Bring this person back" in client.get(at("enterprise_member", one.pk)).text
    client.post(at("enterprise_member_restore", one.pk), {"department": str(there.pk)})
    one.refresh_from_db()
    assert (one.removed_at, one.role) == (None, "user")
    assert "Brought a member back" in client.get(at("enterprise_history")).text


def test_objects_of_another_enterprise_do_not_exist(client: Client) -> None:
    other = make_admin()
    member, department = make_managed(other).member, make_department(other)
    group = Group.objects.create(enterprise=other.enterprise, name="G", created_at=other.joined_at)
    run = ImportRun.objects.create(
        enterprise=other.enterprise, file_name="a", sha256="", size=1, created_at=other.joined_at
    )
    for name, pk in (("enterprise_member", member.pk), ("enterprise_department", department.pk), ("enterprise_group", group.pk),
                     ("enterprise_import", run.pk)):  # fmt: skip
        assert client.get(at(name, pk)).status_code == 404
    for name, pk in (
        ("enterprise_member_remove", member.pk), ("enterprise_member_password", member.pk), ("enterprise_member_restore", member.pk),
        ("enterprise_department_remove", department.pk), ("enterprise_group_remove", group.pk), ("enterprise_import_confirm", run.pk),
    ):  # fmt: skip
        assert client.post(at(name, pk)).status_code == 404, name
    assert Member.objects.get(pk=member.pk).removed_at is None
    assert Group.objects.filter(pk=group.pk).exists()


def test_somebody_is_invited_by_mail_and_joins(admin: Member, client: Client) -> None:
    typed = {
        "email": "new@a.example",
        "name": "New",
        "user_name": "new",
        "role": "user",
        "department": str(head_office(admin.enterprise).pk),
    }
    assert client.post(at("enterprise_invite"), typed).status_code == 302
    mail = NoticeDelivery.objects.get(kind="enterprise_invitation")
    from tradepost.market.base.secrets import unseal

    link = unseal(mail.sealed_link)
    assert mail.address == "new@a.example"
    assert "new@a.example" in client.get(at("enterprise_members")).text
    assert Client(headers={"accept-language": "en"}).get(link).status_code == 200
    assert client.post(link).status_code == 403, "another address"
    person = logged_in(make_buyer(email="new@a.example", balance="0"))
    assert "Accept the invitation" in person.get(link).text
    assert person.post(link).headers["location"] == "/enterprise/lantian/"
    assert person.get(link).status_code == 404
    assert client.post(at("enterprise_invitation_again", Invitation.objects.get().pk)).status_code == 409
    assert person.post(at("enterprise_leave")).status_code == 302
    assert Member.objects.get(user_name="new").removed_at is not None


def test_departments_and_groups_change_on_their_pages(admin: Member, client: Client) -> None:
    top = head_office(admin.enterprise)
    client.post(at("enterprise_department_new"), {"name": "研发", "code": "RD", "parent": str(top.pk)})
    rd = Department.objects.get(code="RD")
    assert rd.parent_id == top.pk
    refused = client.post(at("enterprise_department", top.pk), {"name": top.name, "parent": str(rd.pk)})
    assert (refused.status_code, "cannot stand below itself" in refused.text) == (422, True)
    client.post(at("enterprise_department", rd.pk), {"name": "R&D", "parent": ""})
    assert Department.objects.filter(code="RD", name="R&D", parent=None).exists()
    client.post(at("enterprise_department_remove", rd.pk))
    rd.refresh_from_db()
    assert rd.removed_at is not None
    assert f"/departments/{rd.pk}/" not in client.get(at("enterprise_departments")).text
    one = make_managed(admin, "han").member
    client.post(at("enterprise_groups"), {"name": "Testers"})
    group = Group.objects.get()
    refused = client.post(at("enterprise_group_add", group.pk), {"names": "han, nobody"})
    assert (refused.status_code, "Nobody here has these account names: nobody" in refused.text) == (409, True)
    assert not GroupMember.objects.exists()
    client.post(at("enterprise_group_add", group.pk), {"names": "HAN；"})
    assert GroupMember.objects.get().member == one
    client.post(at("enterprise_group_out", group.pk), {"member": [str(one.pk), "x"]})
    assert not GroupMember.objects.exists()


def test_a_table_is_imported_and_first_passwords_come_in_a_file(client: Client) -> None:
    table = SimpleUploadedFile("people.csv", "账号,姓名\nhan,=韩\nbad name,x\n".encode())
    page = client.post(at("enterprise_imports"), {"table_file": table}).headers["location"]
    assert "It goes on" not in client.get(page).text
    assert 'hx-trigger="every 1s"' in client.get(page).text
    work()
    seen = client.get(page).text
    assert ("Import 1 line" in seen, "An account name has 1 to 64 letters" in seen) == (True, True)
    assert client.post(f"{page}confirm/").status_code == 302
    work()
    assert "Generate first passwords" in client.get(page).text
    one = Member.objects.get(user_name="han")
    assert str(one.pk) in client.get(f"{at('enterprise_members')}?show=passwords").text
    file = client.post(at("enterprise_passwords"), {"member": [str(one.pk)]})
    [_head, [name, shown, sign_in, password]] = csv.reader(StringIO(file.content.decode("utf-8-sig")))
    one.refresh_from_db()
    assert (name, shown, sign_in) == ("han", "'=韩", "han@lantian")
    assert one.user.check_password(password)
    assert client.post(at("enterprise_passwords"), {"member": [str(one.pk)]}).status_code == 302


def work() -> None:
    leased_jobs.run_due(import_members.tasks(config, clock.now), now=clock.now, wall=clock.wall, owner="w")


def test_members_are_found_by_the_beginning_of_a_name(admin: Member, client: Client) -> None:
    there = make_department(admin)
    make_managed(admin, "han.mei", name="韩梅梅", department=there.pk)
    make_managed(admin, "zhang", name="张三")

    def listed(query: str) -> set[str]:
        return set(
            re.findall(r"(han\.mei|zhang|li\.lei)</span>", client.get(f"{at('enterprise_members')}?{query}").text)
        )

    assert listed("") == {"han.mei", "zhang", "li.lei"}
    assert listed("q=韩") == listed("q=HAN.") == listed(f"department={there.pk}") == {"han.mei"}
    assert listed("q=梅") == listed("show=removed") == set()
    assert listed("show=admins") == {"li.lei"}


def test_dissolving_asks_for_the_code(admin: Member, client: Client) -> None:
    assert client.post(at("enterprise_dissolve"), {"typed": "other"}).status_code == 422
    assert client.post(at("enterprise_dissolve"), {"typed": "lantian"}).status_code == 302
    assert Enterprise.objects.get().status == "dissolved"
    assert client.get(at("enterprise")).status_code == 404
    assert admin.enterprise.name not in client.get("/orders/").text


@pytest.mark.parametrize(
    ("path", "current", "said"),
    [
        ("settings/", "settings/", "page"),
        ("settings/directory/", "settings/", "true"),
        ("members/", "members/", "page"),
    ],
)
def test_the_tab_that_one_is_in_is_told_to_who_does_not_see_its_colour(
    admin: Member, path: str, current: str, said: str
) -> None:
    """WAI-ARIA 1.2, aria-current: "page" for the page itself, "true" for the item of a set that holds it."""
    home = f"/enterprise/{admin.enterprise.code}"
    shown = " ".join(logged_in(admin.user).get(f"{home}/{path}").content.decode().split())
    tabs = shown.partition('aria-label="Parts of the enterprise">')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="(\w+)"', tabs) == [(f"{home}/{current}", said)]
