"""Members by a directory: RFC 7644 §3, and what Entra ID and Okta send."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.organisations import head_office, make_department
from tests.factories.people import PASSWORD
from tests.factories.signing_in import authorise, make_joint
from tests.market.scim.directory import CORE, ENTERPRISE, PATCH, Directory, make_directory
from tradepost.market.base import clock
from tradepost.market.base.models import Event
from tradepost.market.organisations import directory_tokens, members
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Department, EnterpriseAct, Member

pytestmark = pytest.mark.django_db

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BJENSEN: dict[str, object] = {
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
    assert made["emails"] == [{"value": "bjensen@example.com", "type": "work"}]
    assert made["name"] == BJENSEN["name"]
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


@pytest.mark.parametrize("named", ["", "Nowhere"])
def test_without_a_known_department_and_one_top_a_newcomer_is_refused(directory: Directory, named: str) -> None:
    """RFC 7644 §3.12: ``invalidValue``, with a detail that says what is wrong."""
    Department.objects.create(enterprise=directory.enterprise, code="TOP2", name="Second top")
    department = {ENTERPRISE: {"department": named}} if named else {}
    said = directory.told(
        "POST", "Users", {"schemas": [CORE, ENTERPRISE], "userName": "bjensen", **department}, status=400
    )
    assert said["scimType"] == "invalidValue"
    assert ("“Nowhere”" in said["detail"]) is bool(named)
    assert ("The department is missing" in said["detail"]) is not bool(named)


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
    assert (one.name, one.department) == ("Babs Jensen", research)
    assert changed["name"]["formatted"] == "芭芭拉"
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


def test_an_unknown_department_is_kept_as_given_and_moves_nobody(directory: Directory) -> None:
    """RFC 7643 §4.3: ``department`` is any text; the market keeps a tree. Whoever made it there, the next sync moves the person."""
    office = head_office(directory.enterprise)
    made = directory.add("lost", **{ENTERPRISE: {"department": "Marketing"}})
    one = Member.objects.get(public_id=made["id"])
    assert (made[ENTERPRISE]["department"], one.department) == ("Marketing", office)
    assert directory.told("GET", f"Users/{made['id']}") == made
    administrator = Client()
    administrator.force_login(directory.admin.user)
    listed = reverse("storefront:enterprise_members", args=[directory.enterprise.code])
    assert "目录中的部门：Marketing" in administrator.get(listed).content.decode()
    marketing = make_department(directory.admin, code="M", name="Marketing")
    sales = make_department(directory.admin, code="S", name="Sales")
    path = f"{ENTERPRISE}:department"
    changed = directory.patch(f"Users/{made['id']}", {"op": "replace", "path": path, "value": "Marketing"})
    one.refresh_from_db()
    assert (changed[ENTERPRISE]["department"], one.department) == (f"{office.name}/Marketing", marketing)
    changed = directory.patch(f"Users/{made['id']}", {"op": "replace", "path": path, "value": "Nowhere"})
    one.refresh_from_db()
    assert (changed[ENTERPRISE]["department"], one.department) == ("Nowhere", marketing)
    members.change(one, Person(name=one.name, department=sales.pk), by=directory.admin, now=clock.now())
    assert directory.told("GET", f"Users/{made['id']}")[ENTERPRISE]["department"] == f"{office.name}/Sales"
    directory.told("POST", "Users", {"userName": "x", ENTERPRISE: {"department": "a\u0000"}}, status=400)


def test_parts_of_a_name_come_back_as_given(directory: Directory) -> None:
    """RFC 7643 §4.1.1: ``name`` and ``displayName`` are told apart; the market shows ``displayName``, else the parts."""
    made = directory.add("zhao.lei", name={"familyName": "Li", "givenName": "Lei"})
    assert (made["displayName"], made["name"]) == ("Lei Li", {"familyName": "Li", "givenName": "Lei"})
    married = {"op": "replace", "path": "name.familyName", "value": "Wang"}
    changed = directory.patch(f"Users/{made['id']}", married)
    assert (changed["displayName"], changed["name"]["givenName"]) == ("Lei Wang", "Lei")
    changed = directory.patch(f"Users/{made['id']}", {"op": "add", "path": "displayName", "value": "Boss"})
    assert (changed["displayName"], changed["name"]["familyName"]) == ("Boss", "Wang")
    changed = directory.patch(f"Users/{made['id']}", {"op": "remove", "path": "name"})
    assert "name" not in changed
    assert changed["displayName"] == "Boss"
    assert Member.objects.get(public_id=made["id"]).name == "Boss"
    again = directory.told("PUT", f"Users/{made['id']}", {"userName": "zhao.lei", "displayName": "Lei"})
    assert again["name"] == {"formatted": "Lei"}


def test_an_account_name_changes_until_a_seller_knows_it() -> None:
    """RFC 7643 §4.1.1: ``userName`` is readWrite; decision 0060: sellers know people by nothing else."""
    joint = make_joint()
    token = directory_tokens.make(joint.enterprise, "Okta", by=joint.admin, most=3, now=clock.now())
    directory = Directory(joint.admin, token.token, token.secret)
    made = directory.add("zhao.lei")
    path = f"Users/{made['id']}"
    rename = {"op": "replace", "path": "userName", "value": "Han.Lei"}
    changed = directory.patch(path, rename, {"op": "replace", "path": "title", "value": "Boss"})
    assert (changed["userName"], changed["title"], changed["id"]) == ("han.lei", "Boss", made["id"])
    assert directory.told("PUT", path, {"userName": "zhao.lei"})["userName"] == "zhao.lei"
    assert directory.told("PUT", path, {"userName": joint.member.user_name}, status=409)["scimType"] == "uniqueness"
    directory.patch(path, {"op": "replace", "path": "userName", "value": "a b"}, status=400)
    authorise(joint.binding, Member.objects.get(public_id=made["id"]))
    assert directory.patch(path, rename, status=400)["scimType"] == "mutability"
    assert directory.told("PUT", path, {"userName": "han.lei"}, status=400)["scimType"] == "mutability"
    assert directory.told("PUT", path, {"userName": "ZHAO.LEI"})["userName"] == "zhao.lei"


def test_an_answer_has_the_attributes_that_are_asked_for(directory: Directory) -> None:
    """RFC 7644 §3.9; ``id`` and ``schemas`` are always returned."""
    made = directory.told("POST", "Users", BJENSEN, status=201)
    always = {"schemas": made["schemas"], "id": made["id"]}
    path = f"Users/{made['id']}"
    for asked, expected in (
        ("attributes=userName", {"userName": "bjensen"}),
        ("attributes=USERNAME,title", {"userName": "bjensen", "title": "Tour Guide"}),
        ("attributes=name.familyName", {"name": {"familyName": "Jensen"}}),
        (f"attributes={CORE}:userName", {"userName": "bjensen"}),
        (f"attributes={ENTERPRISE}:employeeNumber", {ENTERPRISE: {"employeeNumber": "701984"}}),
        ("attributes=emails.value", {"emails": [{"value": "bjensen@example.com"}]}),
        ("attributes=unknown", {}),
    ):
        assert directory.told("GET", f"{path}?{asked}") == {**always, **expected}, asked
        assert directory.told("GET", f'Users?filter=userName eq "bjensen"&{asked}')["Resources"] == [always | expected]
    without = directory.told("GET", f"{path}?excludedAttributes=emails,id,name.givenName,{ENTERPRISE}")
    assert {"emails", ENTERPRISE} & without.keys() == set()
    assert (without["id"], without["name"]["familyName"], "givenName" in without["name"]) == (
        made["id"],
        "Jensen",
        False,
    )
    directory.told("GET", f"{path}?attributes=id&excludedAttributes=name", status=400)
    body = {"userName": "second", "title": "A"}
    assert directory.told("POST", "Users?attributes=title", body, status=201).keys() == {"schemas", "id", "title"}
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "B"}]}
    assert directory.told("PATCH", f"{path}?attributes=title", patch) == {**always, "title": "B"}
    directory.told("PUT", f"{path}?attributes=x&excludedAttributes=y", {"userName": "bjensen"}, status=400)


def test_a_list_may_be_asked_for_by_a_body(directory: Directory) -> None:
    """RFC 7644 §3.4.3, at the users, the groups and at the root."""
    made = directory.told("POST", "Users", BJENSEN, status=201)
    group = directory.told("POST", "Groups", {"displayName": "Guides", "externalId": "701984"}, status=201)
    asked = {"schemas": [SEARCH], "filter": 'externalId eq "701984"', "attributes": ["displayName"], "count": 1}
    found = directory.told("POST", "Users/.search", asked)
    assert [one["id"] for one in found["Resources"]] == [made["id"]]
    assert found["Resources"][0].keys() == {"schemas", "id", "displayName"}
    assert [one["id"] for one in directory.told("POST", "Groups/.search", asked)["Resources"]] == [group["id"]]
    first, second = (directory.told("POST", ".search", {**asked, "startIndex": start}) for start in (1, 2))
    assert [one["totalResults"] for one in (first, second)] == [2, 2]
    assert [one["Resources"][0]["id"] for one in (first, second)] == [made["id"], group["id"]]
    everything = directory.told("POST", ".search", {"schemas": [SEARCH]})
    assert everything["totalResults"] == len(everything["Resources"]) == 3
    refused: list[Any] = [{"filter": 'userName eq "x"'}, {"filter": {}}, {"count": "x"}, {"startIndex": True}, []]
    for wrong in refused:
        directory.told("POST", ".search", wrong, status=400)


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
        ([{"op": "replace", "path": "userName", "value": "a b"}], "invalidValue"),
        ([{"op": "remove", "path": "userName"}], "invalidValue"),
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
