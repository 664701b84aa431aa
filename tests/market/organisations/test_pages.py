"""The pages of an enterprise: access for administrators, for members, and for others (every role, action and object)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories import NOW, make_buyer
from tests.factories.organisations import head_office, make_admin, make_department, make_enterprise_member, make_managed
from tests.factories.people import PASSWORD
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.config import config
from tradepost.market.notifications.models import NoticeDelivery
from tradepost.market.organisations import import_members
from tradepost.market.organisations.enterprise import end as dissolved
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
def check_member_counts() -> Iterator[None]:
    """Check after each test that every enterprise has the right member count."""
    yield
    for enterprise in Enterprise.objects.all():
        assert enterprise.people == Member.objects.filter(enterprise=enterprise, removed_at=None).count()


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


def url_of(name: str, *args: object) -> str:
    return reverse(f"storefront:{name}", args=["lantian", *args])


def test_enterprise_is_founded_on_its_page() -> None:
    buyer = make_buyer(balance="0")
    client = logged_in(buyer)
    assert "You do not belong to an enterprise yet" in client.get("/enterprise/").text
    form = {"name": "蓝天制造", "code": "Lan Tian", "person": "李雷", "user_name": "li.lei"}
    response = client.post("/enterprise/new/", form)
    assert (response.status_code, Enterprise.objects.count()) == (422, 0)
    assert (
        "A code has 2 to 63 lower-case letters, digits and hyphens, and does not begin or end with a hyphen"
        in response.text
    )
    answer = client.post("/enterprise/new/", form | {"code": "lantian"})
    assert answer.headers["location"] == "/enterprise/lantian/"
    assert "li.lei@lantian" in client.get("/enterprise/lantian/").text


PAGES = ["enterprise_settings", "enterprise_members", "enterprise_member_new", "enterprise_invite", "enterprise_departments",
         "enterprise_department_new", "enterprise_groups", "enterprise_imports", "enterprise_import_template", "enterprise_history"]  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_administrators_see_all_pages_and_members_their_own(admin: Member, language: str) -> None:
    plain = make_enterprise_member(admin, make_buyer(balance="0"))
    for name in ["enterprise", *PAGES]:
        assert logged_in(admin.user, language).get(url_of(name)).status_code == 200, name
        assert logged_in(plain.user, language).get(url_of(name)).status_code == (
            200 if name == "enterprise" else 403
        ), name
        assert logged_in(make_buyer(balance="0"), language).get(url_of(name)).status_code == 404, name
    Member.objects.filter(pk=plain.pk).update(enabled=False)
    assert logged_in(plain.user).get(url_of("enterprise")).status_code == 404


def test_password_is_shown_on_one_page_only(admin: Member, client: Client) -> None:
    form = {
        "user_name": "han",
        "name": "韩梅梅",
        "department": str(head_office(admin.enterprise).pk),
        "role": "user",
        "entry_date": "2026-3-1",
    }
    page = client.post(url_of("enterprise_member_new"), form)
    [password] = re.findall(r'data-value="([^"]+)"', page.text)
    member = Member.objects.get(user_name="han")
    assert member.user.check_password(password)
    assert "no-store" in page.headers["cache-control"]
    assert password not in client.get(url_of("enterprise_member", member.pk)).text
    assert client.post(url_of("enterprise_member_new"), form).status_code == 422
    assert client.post(url_of("enterprise_member_password", member.pk)).status_code == 200
    second_reset = client.post(url_of("enterprise_member_password", member.pk))
    assert (second_reset.status_code, "Another one can be created in 3 minutes" in second_reset.text) == (429, True)


def test_member_is_changed_disabled_removed_and_restored(admin: Member, client: Client) -> None:
    member, department = make_managed(admin, "han").member, make_department(admin)
    form = {"name": "Han", "department": str(department.pk), "role": "admin", "mobile": "call me"}
    response = client.post(url_of("enterprise_member", member.pk), form)
    member.refresh_from_db()
    assert (response.status_code, member.version) == (422, 1)
    client.post(url_of("enterprise_member", member.pk), form | {"mobile": "138 0000 0000"})
    member.refresh_from_db()
    assert (member.department, member.role, member.profile) == (department, "admin", {"mobile": "138 0000 0000"})
    for action, enabled, removed in (("disable", False, False), ("enable", True, False), ("remove", True, True)):
        assert client.post(url_of(f"enterprise_member_{action}", member.pk)).status_code == 302
        member.refresh_from_db()
        assert (member.enabled, member.removed_at is not None) == (enabled, removed)
    assert "Restore this person" in client.get(url_of("enterprise_member", member.pk)).text
    client.post(url_of("enterprise_member_restore", member.pk), {"department": str(department.pk)})
    member.refresh_from_db()
    assert (member.removed_at, member.role) == (None, "user")
    assert "Restored a member" in client.get(url_of("enterprise_history")).text


def test_objects_of_another_enterprise_are_not_found(client: Client) -> None:
    other = make_admin()
    member, department = make_managed(other).member, make_department(other)
    group = Group.objects.create(enterprise=other.enterprise, name="G", created_at=other.joined_at)
    run = ImportRun.objects.create(
        enterprise=other.enterprise, file_name="a", sha256="", size=1, created_at=other.joined_at
    )
    for name, pk in (("enterprise_member", member.pk), ("enterprise_department", department.pk), ("enterprise_group", group.pk),
                     ("enterprise_import", run.pk)):  # fmt: skip
        assert client.get(url_of(name, pk)).status_code == 404
    for name, pk in (
        ("enterprise_member_remove", member.pk), ("enterprise_member_password", member.pk), ("enterprise_member_restore", member.pk),
        ("enterprise_department_remove", department.pk), ("enterprise_group_remove", group.pk), ("enterprise_import_confirm", run.pk),
    ):  # fmt: skip
        assert client.post(url_of(name, pk)).status_code == 404, name
    assert Member.objects.get(pk=member.pk).removed_at is None
    assert Group.objects.filter(pk=group.pk).exists()


def test_invited_person_joins_by_mail(admin: Member, client: Client) -> None:
    form = {
        "email": "new@a.example",
        "name": "New",
        "user_name": "new",
        "role": "user",
        "department": str(head_office(admin.enterprise).pk),
    }
    assert client.post(url_of("enterprise_invite"), form).status_code == 302
    mail = NoticeDelivery.objects.get(kind="enterprise_invitation")
    from tradepost.market.base.secrets import unseal

    link = unseal(mail.sealed_link)
    assert mail.address == "new@a.example"
    assert "new@a.example" in client.get(url_of("enterprise_members")).text
    assert Client(headers={"accept-language": "en"}).get(link).status_code == 200
    assert client.post(link).status_code == 403, "another address"
    person = logged_in(make_buyer(email="new@a.example", balance="0"))
    assert "Accept the invitation" in person.get(link).text
    assert person.post(link).headers["location"] == "/enterprise/lantian/"
    assert person.get(link).status_code == 404
    assert client.post(url_of("enterprise_invitation_again", Invitation.objects.get().pk)).status_code == 409
    assert person.post(url_of("enterprise_leave")).status_code == 302
    assert Member.objects.get(user_name="new").removed_at is not None


def test_departments_and_groups_change_on_their_pages(admin: Member, client: Client) -> None:
    top = head_office(admin.enterprise)
    client.post(url_of("enterprise_department_new"), {"name": "研发", "code": "RD", "parent": str(top.pk)})
    rd = Department.objects.get(code="RD")
    assert rd.parent_id == top.pk
    response = client.post(url_of("enterprise_department", top.pk), {"name": top.name, "parent": str(rd.pk)})
    assert (response.status_code, "cannot be moved under itself" in response.text) == (422, True)
    client.post(url_of("enterprise_department", rd.pk), {"name": "R&D", "parent": ""})
    assert Department.objects.filter(code="RD", name="R&D", parent=None).exists()
    client.post(url_of("enterprise_department_remove", rd.pk))
    rd.refresh_from_db()
    assert rd.removed_at is not None
    assert f"/departments/{rd.pk}/" not in client.get(url_of("enterprise_departments")).text
    member = make_managed(admin, "han").member
    client.post(url_of("enterprise_groups"), {"name": "Testers"})
    group = Group.objects.get()
    response = client.post(url_of("enterprise_group_add", group.pk), {"people": [member.pk, 0]})
    assert (
        response.status_code,
        "One of these people is no longer a member. Reload the list and try again" in response.text,
    ) == (404, True)
    assert not GroupMember.objects.exists()
    client.post(url_of("enterprise_group_add", group.pk), {"people": [member.pk]})
    assert GroupMember.objects.get().member == member
    client.post(url_of("enterprise_group_out", group.pk), {"member": [str(member.pk), "x"]})
    assert not GroupMember.objects.exists()


def test_table_is_imported_and_first_passwords_are_downloaded(client: Client) -> None:
    table = SimpleUploadedFile("people.csv", "账号,姓名\nhan,=韩\nbad name,x\n".encode())
    page = client.post(url_of("enterprise_imports"), {"table_file": table}).headers["location"]
    assert "It goes on" not in client.get(page).text
    assert 'hx-trigger="every 1s"' in client.get(page).text
    run_jobs()
    html = client.get(page).text
    assert ("Import 1 line" in html, "An account name has 1 to 64 letters" in html) == (True, True)
    assert client.post(f"{page}confirm/").status_code == 302
    run_jobs()
    assert "Generate first passwords" in client.get(page).text
    member = Member.objects.get(user_name="han")
    assert str(member.pk) in client.get(f"{url_of('enterprise_members')}?show=passwords").text
    file = client.post(url_of("enterprise_passwords"), {"member": [str(member.pk)]})
    [_head, [name, display_name, sign_in, password]] = csv.reader(StringIO(file.content.decode("utf-8-sig")))
    member.refresh_from_db()
    assert (name, display_name, sign_in) == ("han", "'=韩", "han@lantian")
    assert member.user.check_password(password)
    assert client.post(url_of("enterprise_passwords"), {"member": [str(member.pk)]}).status_code == 302


def run_jobs() -> None:
    leased_jobs.run_due(import_members.tasks(config, clock.now), now=clock.now, wall=clock.wall, owner="w")


def test_members_are_found_by_prefix(admin: Member, client: Client) -> None:
    department = make_department(admin)
    make_managed(admin, "han.mei", name="韩梅梅", department=department.pk)
    make_managed(admin, "zhang", name="张三")

    def listed(query: str) -> set[str]:
        return set(
            re.findall(r"(han\.mei|zhang|li\.lei)</span>", client.get(f"{url_of('enterprise_members')}?{query}").text)
        )

    assert listed("") == {"han.mei", "zhang", "li.lei"}
    assert listed("q=韩") == listed("q=HAN.") == listed(f"department={department.pk}") == {"han.mei"}
    assert listed("q=梅") == listed("show=removed") == set()
    assert listed("show=admins") == {"li.lei"}


def test_dissolution_requires_code_and_password(admin: Member, client: Client) -> None:
    for wrong_form in ({"typed": "other", "password": PASSWORD}, {"typed": "lantian", "password": "wrong"}):
        assert client.post(url_of("enterprise_dissolve"), wrong_form).status_code == 422
    assert Enterprise.objects.get().dissolve_asked_at is None
    assert client.post(url_of("enterprise_dissolve"), {"typed": "lantian", "password": PASSWORD}).status_code == 302
    assert Enterprise.objects.get().dissolve_at is not None
    assert "Keep the enterprise" in client.get(url_of("enterprise_settings"), headers={"accept-language": "en"}).text
    assert client.post(url_of("enterprise_dissolve_keep")).status_code == 302
    assert Enterprise.objects.get().dissolve_at is None
    dissolved(Enterprise.objects.get(), now=NOW)
    assert client.get(url_of("enterprise")).status_code == 404
    assert admin.enterprise.name not in client.get("/orders/").text


@pytest.mark.parametrize(
    ("path", "current", "aria_current"),
    [
        ("settings/", "settings/", "page"),
        ("settings/directory/", "settings/", "true"),
        ("", "", "page"),
        ("members/", "members/", "page"),
    ],
)
def test_current_menu_entry_is_marked_for_screen_readers(
    admin: Member, path: str, current: str, aria_current: str
) -> None:
    """WAI-ARIA 1.2, aria-current: "page" for the page itself, "true" for the item of a set that holds it."""
    home = f"/enterprise/{admin.enterprise.code}"
    html = " ".join(logged_in(admin.user).get(f"{home}/{path}").content.decode().split())
    menu = html.partition('aria-label="Enterprise sections">')[2].partition("</nav>")[0]
    assert re.findall(r'href="([^"]+)" aria-current="(\w+)"', menu) == [(f"{home}/{current}", aria_current)]
