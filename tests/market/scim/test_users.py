"""Members by a directory: RFC 7644 §3, and what Entra ID and Okta send."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.factories.organisations import head_office, make_department
from tests.factories.people import PASSWORD
from tests.factories.signing_in import make_joint
from tests.market.scim.directory import CORE, ENTERPRISE, Directory, make_directory
from tradepost.market.base import clock
from tradepost.market.base.models import Event
from tradepost.market.organisations import directory_tokens
from tradepost.market.organisations.models import EnterpriseAct, Member

pytestmark = pytest.mark.django_db

BJENSEN = {
    "schemas": [CORE, ENTERPRISE],
    "userName": "bjensen",
    "externalId": "701984",
    "name": {"formatted": "Ms. Barbara J Jensen III", "familyName": "Jensen", "givenName": "Barbara"},
    "displayName": "Babs Jensen",
    "title": "Tour Guide",
    "emails": [{"value": "babs@jensen.org", "type": "home"}, {"value": "bjensen@example.com", "type": "work", "primary": True}],
    "phoneNumbers": [{"value": "555-555-5555", "type": "work"}, {"value": "tel:+86 138-0000-0000", "type": "mobile"}],
    "active": True,
    "password": "t1meMa$heen",
    "addresses": [{"type": "work", "locality": "Hollywood"}],
    "nickName": "Babs",
    ENTERPRISE: {"employeeNumber": "701984", "costCenter": "4130"},
}  # fmt: skip
"""From RFC 7643 §8.3."""


@pytest.fixture
def directory() -> Directory:
    return make_directory()


def test_a_user_is_made_as_an_administrator_makes_one(directory: Directory) -> None:
    answer = directory.ask("POST", "Users", BJENSEN)
    made = Member.objects.get(user_name="bjensen")
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/t/{directory.enterprise.code}/scim/v2/Users/{made.public_id}")
    assert (made.name, made.managed, made.enabled, made.role) == ("Babs Jensen", True, True, Member.Role.USER)
    assert made.profile == {
        "position": "Tour Guide", "employee_code": "701984", "mobile": "+86 138-0000-0000", "email": "bjensen@example.com",
    }  # fmt: skip
    assert made.external_id == "701984"
    assert made.department == head_office(directory.enterprise)
    act = EnterpriseAct.objects.latest("pk")
    assert (act.act, act.by, act.by_text) == ("member_added", None, "SCIM: Entra ID")
    assert Event.objects.filter(name="members_changed").exists()


def test_a_password_is_passed_over(directory: Directory) -> None:
    directory.told("POST", "Users", BJENSEN, status=201)
    made = Member.objects.select_related("user").get(user_name="bjensen")
    assert made.password_at is None
    assert not made.user.has_usable_password()


def test_what_was_made_is_told_and_found(directory: Directory) -> None:
    made = directory.told("POST", "Users", BJENSEN, status=201)
    assert made["emails"] == [{"value": "bjensen@example.com", "type": "work", "primary": True}]
    assert made[ENTERPRISE]["department"] == head_office(directory.enterprise).name
    assert directory.told("GET", f"Users/{made['id']}") == made
    for asked in (
        'userName eq "BJENSEN"',
        'externalId EQ "701984"',
        f'id eq "{made["id"]}"',
        f'{CORE}:userName eq "bjensen"',
    ):
        answer = directory.told("GET", f"Users?filter={asked}")
        assert (answer["totalResults"], answer["Resources"]) == (1, [made]), asked
    nobody = directory.told("GET", 'Users?filter=userName eq "somebody@example.com"')
    assert (nobody["totalResults"], nobody["Resources"]) == (0, [])


def test_a_part_of_the_list_by_number(directory: Directory) -> None:
    """RFC 7644 §3.4.2.4."""
    for number in range(4):
        directory.add(f"user{number}")
    answer = directory.told("GET", "Users?startIndex=2&count=3")
    assert [one["userName"] for one in answer["Resources"]] == ["user0", "user1", "user2"]
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (5, 2, 3)
    assert directory.told("GET", "Users?startIndex=0&count=-1")["Resources"] == []
    assert directory.told("GET", "Users?count=0")["totalResults"] == 5
    assert len(directory.told("GET", "Users?startIndex=5&count=999")["Resources"]) == 1


def test_a_replaced_user_is_what_is_said(directory: Directory) -> None:
    """RFC 7644 §3.5.1: what is not said is known no more."""
    made = directory.told("POST", "Users", BJENSEN, status=201)
    changed = directory.told(
        "PUT", f"Users/{made['id']}", {"schemas": [CORE], "userName": "bjensen", "displayName": "Barbara"}
    )
    assert changed["displayName"] == "Barbara"
    assert "emails" not in changed
    assert "title" not in changed
    one = Member.objects.get(public_id=made["id"])
    assert (one.profile, one.external_id, one.enabled) == ({}, "", True)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "Add", "path": f"{CORE}:active", "value": "false"},
    ],
)
def test_a_user_is_deactivated_in_every_spelling(directory: Directory, operation: dict[str, object]) -> None:
    made = directory.add("li.si")
    assert directory.patch(f"Users/{made['id']}", operation)["active"] is False
    assert Member.objects.get(public_id=made["id"]).enabled is False
    assert EnterpriseAct.objects.latest("pk").act == "member_disabled"
    assert (
        directory.patch(f"Users/{made['id']}", {"op": "replace", "path": "active", "value": "True"})["active"] is True
    )


def test_single_values_are_changed_by_their_paths(directory: Directory) -> None:
    """As Entra ID sends them, all in one call."""
    research = make_department(directory.admin, code="RD", name="研发部")
    made = directory.told("POST", "Users", BJENSEN, status=201)
    changed = directory.patch(
        f"Users/{made['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "13900000000"},
        {"op": "Replace", "path": "name.formatted", "value": "芭芭拉"},
        {"op": "Remove", "path": "title"},
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "研发部"},
        {"op": "Replace", "value": {f"{ENTERPRISE}:employeeNumber": "7", "nickName": "B"}},
    )
    one = Member.objects.get(public_id=made["id"])
    assert one.profile == {"email": "new@example.com", "mobile": "13900000000", "employee_code": "7"}
    assert (one.name, one.department) == ("芭芭拉", research)
    assert changed[ENTERPRISE]["department"].endswith("/研发部")
    assert one.external_id == "701984"


def test_departments_by_code_path_and_name(directory: Directory) -> None:
    office = head_office(directory.enterprise)
    make_department(directory.admin, code="RD1", name="Research")
    make_department(
        directory.admin, code="RD2", name="Team", parent=make_department(directory.admin, code="S", name="Sales")
    )
    for number, said in enumerate(("rd2", f"{office.name}/Sales/Team", "team")):
        made = directory.add(f"user{number}", **{ENTERPRISE: {"department": said}})
        assert made[ENTERPRISE]["department"] == f"{office.name}/Sales/Team"
    refused = {"userName": "lost", ENTERPRISE: {"department": "Marketing"}}
    answer = directory.told("POST", "Users", refused, status=400)
    assert answer["scimType"] == "invalidValue"
    assert '"Marketing"' in answer["detail"]
    make_department(directory.admin, code="RD3", name="Team")
    directory.told("POST", "Users", {"userName": "lost", ENTERPRISE: {"department": "Team"}}, status=400)


def test_rights_of_administrators_are_not_a_directorys(directory: Directory) -> None:
    made = directory.add("li.si", roles=[{"value": "admin"}])
    assert Member.objects.get(public_id=made["id"]).role == Member.Role.USER
    Member.objects.filter(public_id=made["id"]).update(role=Member.Role.ADMIN)
    directory.told("PUT", f"Users/{made['id']}", {"userName": "li.si", "displayName": "Another"})
    assert Member.objects.get(public_id=made["id"]).role == Member.Role.ADMIN


def test_the_last_administrator_stays(directory: Directory) -> None:
    key = directory.admin.public_id
    assert "No other administrator can sign in" in directory.told("DELETE", f"Users/{key}", status=409)["detail"]
    off = {"op": "replace", "path": "active", "value": False}
    directory.patch(f"Users/{key}", {"op": "replace", "path": "title", "value": "Boss"}, off, status=409)


def test_whoever_is_removed_is_signed_out_and_gone() -> None:
    joint = make_joint()
    token = directory_tokens.make(joint.enterprise, "Okta", by=joint.admin, most=3, now=clock.now())
    directory = Directory(joint.admin, token.token, token.secret)
    browser = Client()
    name = f"{joint.member.user_name}@{joint.enterprise.code}"
    browser.post(f"{joint.home}sign-in/", {"name": name, "password": PASSWORD})
    signed_in = browser.get(joint.home)
    directory.told("DELETE", f"Users/{joint.member.public_id}", status=204)
    out = browser.get(joint.home)
    assert (signed_in.status_code, out.status_code) == (200, 302)
    directory.told("GET", f"Users/{joint.member.public_id}", status=404)
    directory.told("DELETE", f"Users/{joint.member.public_id}", status=404)
    again = directory.told("POST", "Users", {"userName": joint.member.user_name}, status=409)
    assert again["scimType"] == "uniqueness"
    assert "Bring that person back" in again["detail"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"displayName": "Nobody"}, 400, "invalidValue"),
        ({"userName": "li.lei@contoso.example"}, 400, "invalidValue"),
        ({"userName": "LI.LEI"}, 409, "uniqueness"),
        ({"userName": 7}, 400, "invalidValue"),
        ({"userName": "x", "displayName": "\u202e"}, 400, "invalidValue"),
        ({"userName": "x", "active": "perhaps"}, 400, "invalidValue"),
        ({"userName": "x", "emails": [{"value": "no address"}]}, 400, "invalidValue"),
        ({"userName": "x", "emails": ["a@b.example"]}, 400, "invalidValue"),
        ({"userName": "x", "externalId": "a\u0000b"}, 400, "invalidValue"),
        ({"userName": "x", "externalId": "a" * 256}, 400, "invalidValue"),
        ({"userName": "x", "name": "text"}, 400, "invalidValue"),
        ([], 400, "invalidSyntax"),
    ],
)
def test_what_is_wrong_makes_nobody(directory: Directory, body: object, status: int, kind: str) -> None:
    assert directory.told("POST", "Users", body, status=status)["scimType"] == kind


@pytest.mark.parametrize(
    ("operations", "kind"),
    [
        ([{"op": "replace", "path": "userName", "value": "another"}], "mutability"),
        ([{"op": "move", "path": "title"}], "invalidSyntax"),
        ([{"op": "remove"}], "noTarget"),
        ([{"op": "replace", "value": "x"}], "invalidSyntax"),
        ([], "invalidSyntax"),
        (
            [{"op": "replace", "path": "title", "value": "A"}, {"op": "replace", "path": "title", "value": 7}],
            "invalidValue",
        ),
        ([{"op": "replace", "path": 7, "value": "A"}], "invalidPath"),
    ],
)
def test_a_wrong_patch_changes_nothing(directory: Directory, operations: list[object], kind: str) -> None:
    made = directory.add("li.si")
    assert directory.patch(f"Users/{made['id']}", *operations, status=400)["scimType"] == kind


@pytest.mark.parametrize(
    "asked",
    [
        "userName",
        'userName co "li"',
        'title eq "x"',
        'userName eq "x" and active eq true',
        f'userName eq "{"x" * 700}"',
        'userName eq "\x01"',
    ],
)
def test_a_filter_that_is_not_known_is_no_list_of_all(directory: Directory, asked: str) -> None:
    answer = directory.ask("GET", "Users?" + urlencode({"filter": asked}))
    assert answer.status_code == 400
    assert answer.json()["scimType"] == "invalidFilter"
