"""Members managed by a directory: RFC 7644 §3, and the requests of Entra ID and Okta."""

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


def test_user_is_created_as_by_an_administrator(directory: Directory) -> None:
    answer = directory.ask("POST", "Users", BJENSEN)
    member = Member.objects.get(user_name="bjensen")
    assert answer.status_code == 201
    assert answer["Location"].endswith(f"/t/{directory.enterprise.code}/scim/v2/Users/{member.public_id}")
    assert (member.name, member.managed, member.enabled, member.role) == ("Babs Jensen", True, True, Member.Role.USER)
    assert member.profile == {
        "position": "Tour Guide", "employee_code": "701984", "mobile": "+86 138-0000-0000", "email": "bjensen@example.com",
    }  # fmt: skip
    assert member.external_id == "701984"
    assert member.department == head_office(directory.enterprise)
    act = EnterpriseAct.objects.latest("pk")
    assert (act.act, act.by, act.by_text) == ("member_added", None, "SCIM: Entra ID")
    assert Event.objects.filter(name="members_changed").exists()


def test_password_is_ignored(directory: Directory) -> None:
    directory.request("POST", "Users", BJENSEN, status=201)
    member = Member.objects.select_related("user").get(user_name="bjensen")
    assert member.password_at is None
    assert not member.user.has_usable_password()


def test_created_user_is_returned_and_found(directory: Directory) -> None:
    response = directory.request("POST", "Users", BJENSEN, status=201)
    assert response["emails"] == [{"value": "bjensen@example.com", "type": "work"}]
    assert response["name"] == BJENSEN["name"]
    assert response[ENTERPRISE]["department"] == head_office(directory.enterprise).name
    assert directory.request("GET", f"Users/{response['id']}") == response
    for filter_text in (
        'userName eq "BJENSEN"',
        'externalId EQ "701984"',
        f'id eq "{response["id"]}"',
        f'{CORE}:userName eq "bjensen"',
    ):
        answer = directory.request("GET", f"Users?filter={filter_text}")
        assert (answer["totalResults"], answer["Resources"]) == (1, [response]), filter_text
    nobody = directory.request("GET", 'Users?filter=userName eq "somebody@example.com"')
    assert (nobody["totalResults"], nobody["Resources"]) == (0, [])


@pytest.mark.parametrize("named", ["", "Nowhere"])
def test_new_user_needs_a_known_department_or_a_single_top_department(directory: Directory, named: str) -> None:
    """RFC 7644 §3.12: ``invalidValue``, with a detail that says what is wrong."""
    Department.objects.create(enterprise=directory.enterprise, code="TOP2", name="Second top")
    department = {ENTERPRISE: {"department": named}} if named else {}
    response = directory.request(
        "POST", "Users", {"schemas": [CORE, ENTERPRISE], "userName": "bjensen", **department}, status=400
    )
    assert response["scimType"] == "invalidValue"
    assert ("“Nowhere”" in response["detail"]) is bool(named)
    assert ("The department is missing" in response["detail"]) is not bool(named)


def test_list_is_paged_by_index(directory: Directory) -> None:
    """RFC 7644 §3.4.2.4."""
    for number in range(4):
        directory.add(f"user{number}")
    answer = directory.request("GET", "Users?startIndex=2&count=3")
    assert [resource["userName"] for resource in answer["Resources"]] == ["user0", "user1", "user2"]
    assert (answer["totalResults"], answer["startIndex"], answer["itemsPerPage"]) == (5, 2, 3)
    assert directory.request("GET", "Users?startIndex=0&count=-1")["Resources"] == []
    assert directory.request("GET", "Users?count=0")["totalResults"] == 5
    assert len(directory.request("GET", "Users?startIndex=5&count=999")["Resources"]) == 1


def test_replaced_user_has_only_the_given_values(directory: Directory) -> None:
    """RFC 7644 §3.5.1: omitted values are removed."""
    response = directory.request("POST", "Users", BJENSEN, status=201)
    changed = directory.request(
        "PUT", f"Users/{response['id']}", {"schemas": [CORE], "userName": "bjensen", "displayName": "Barbara"}
    )
    assert changed["displayName"] == "Barbara"
    assert "emails" not in changed
    assert "title" not in changed
    member = Member.objects.get(public_id=response["id"])
    assert (member.profile, member.external_id, member.enabled) == ({}, "", True)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "replace", "value": {"active": False}},
        {"op": "Add", "path": f"{CORE}:active", "value": "false"},
    ],
)
def test_user_is_deactivated_in_every_spelling(directory: Directory, operation: dict[str, object]) -> None:
    user = directory.add("li.si")
    assert directory.patch(f"Users/{user['id']}", operation)["active"] is False
    assert Member.objects.get(public_id=user["id"]).enabled is False
    assert EnterpriseAct.objects.latest("pk").act == "member_disabled"
    assert (
        directory.patch(f"Users/{user['id']}", {"op": "replace", "path": "active", "value": "True"})["active"] is True
    )


def test_single_values_are_changed_by_their_paths(directory: Directory) -> None:
    """As Entra ID sends them, all in one call."""
    research = make_department(directory.admin, code="RD", name="研发部")
    response = directory.request("POST", "Users", BJENSEN, status=201)
    changed = directory.patch(
        f"Users/{response['id']}",
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "13900000000"},
        {"op": "Replace", "path": "name.formatted", "value": "芭芭拉"},
        {"op": "Remove", "path": "title"},
        {"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "研发部"},
        {"op": "Replace", "value": {f"{ENTERPRISE}:employeeNumber": "7", "nickName": "B"}},
    )
    member = Member.objects.get(public_id=response["id"])
    assert member.profile == {"email": "new@example.com", "mobile": "13900000000", "employee_code": "7"}
    assert (member.name, member.department) == ("Babs Jensen", research)
    assert changed["name"]["formatted"] == "芭芭拉"
    assert changed[ENTERPRISE]["department"].endswith("/研发部")
    assert member.external_id == "701984"


def test_department_is_found_by_code_path_and_name(directory: Directory) -> None:
    office = head_office(directory.enterprise)
    make_department(directory.admin, code="RD1", name="Research")
    make_department(
        directory.admin, code="RD2", name="Team", parent=make_department(directory.admin, code="S", name="Sales")
    )
    for number, department in enumerate(("rd2", f"{office.name}/Sales/Team", "team")):
        user = directory.add(f"user{number}", **{ENTERPRISE: {"department": department}})
        assert user[ENTERPRISE]["department"] == f"{office.name}/Sales/Team"


def test_unknown_department_is_stored_as_given_and_moves_no_member(directory: Directory) -> None:
    """RFC 7643 §4.3: ``department`` is any text; the market has a tree. After somebody creates the department there,
    the next synchronisation moves the person.
    """
    office = head_office(directory.enterprise)
    user = directory.add("lost", **{ENTERPRISE: {"department": "Marketing"}})
    member = Member.objects.get(public_id=user["id"])
    assert (user[ENTERPRISE]["department"], member.department) == ("Marketing", office)
    assert directory.request("GET", f"Users/{user['id']}") == user
    administrator = Client()
    administrator.force_login(directory.admin.user)
    listed = reverse("storefront:enterprise_members", args=[directory.enterprise.code])
    assert "目录中的部门：Marketing" in administrator.get(listed).content.decode()
    marketing = make_department(directory.admin, code="M", name="Marketing")
    sales = make_department(directory.admin, code="S", name="Sales")
    path = f"{ENTERPRISE}:department"
    changed = directory.patch(f"Users/{user['id']}", {"op": "replace", "path": path, "value": "Marketing"})
    member.refresh_from_db()
    assert (changed[ENTERPRISE]["department"], member.department) == (f"{office.name}/Marketing", marketing)
    changed = directory.patch(f"Users/{user['id']}", {"op": "replace", "path": path, "value": "Nowhere"})
    member.refresh_from_db()
    assert (changed[ENTERPRISE]["department"], member.department) == ("Nowhere", marketing)
    members.change(member, Person(name=member.name, department=sales.pk), by=directory.admin, now=clock.now())
    assert directory.request("GET", f"Users/{user['id']}")[ENTERPRISE]["department"] == f"{office.name}/Sales"
    directory.request("POST", "Users", {"userName": "x", ENTERPRISE: {"department": "a\u0000"}}, status=400)


def test_parts_of_a_name_are_returned_as_given(directory: Directory) -> None:
    """RFC 7643 §4.1.1: ``name`` and ``displayName`` are different; the market shows ``displayName``, else the parts."""
    user = directory.add("zhao.lei", name={"familyName": "Li", "givenName": "Lei"})
    assert (user["displayName"], user["name"]) == ("Lei Li", {"familyName": "Li", "givenName": "Lei"})
    married = {"op": "replace", "path": "name.familyName", "value": "Wang"}
    changed = directory.patch(f"Users/{user['id']}", married)
    assert (changed["displayName"], changed["name"]["givenName"]) == ("Lei Wang", "Lei")
    changed = directory.patch(f"Users/{user['id']}", {"op": "add", "path": "displayName", "value": "Boss"})
    assert (changed["displayName"], changed["name"]["familyName"]) == ("Boss", "Wang")
    changed = directory.patch(f"Users/{user['id']}", {"op": "remove", "path": "name"})
    assert "name" not in changed
    assert changed["displayName"] == "Boss"
    assert Member.objects.get(public_id=user["id"]).name == "Boss"
    response = directory.request("PUT", f"Users/{user['id']}", {"userName": "zhao.lei", "displayName": "Lei"})
    assert response["name"] == {"formatted": "Lei"}


def test_account_name_can_change_until_a_seller_knows_it() -> None:
    """RFC 7643 §4.1.1: ``userName`` is readWrite; decision 0060: sellers identify people only by it."""
    joint = make_joint()
    token = directory_tokens.create(joint.enterprise, "Okta", by=joint.admin, most=3, now=clock.now())
    directory = Directory(joint.admin, token.token, token.secret)
    user = directory.add("zhao.lei")
    path = f"Users/{user['id']}"
    rename = {"op": "replace", "path": "userName", "value": "Han.Lei"}
    changed = directory.patch(path, rename, {"op": "replace", "path": "title", "value": "Boss"})
    assert (changed["userName"], changed["title"], changed["id"]) == ("han.lei", "Boss", user["id"])
    assert directory.request("PUT", path, {"userName": "zhao.lei"})["userName"] == "zhao.lei"
    assert directory.request("PUT", path, {"userName": joint.member.user_name}, status=409)["scimType"] == "uniqueness"
    directory.patch(path, {"op": "replace", "path": "userName", "value": "a b"}, status=400)
    authorise(joint.binding, Member.objects.get(public_id=user["id"]))
    assert directory.patch(path, rename, status=400)["scimType"] == "mutability"
    assert directory.request("PUT", path, {"userName": "han.lei"}, status=400)["scimType"] == "mutability"
    assert directory.request("PUT", path, {"userName": "ZHAO.LEI"})["userName"] == "zhao.lei"


def test_response_has_the_requested_attributes(directory: Directory) -> None:
    """RFC 7644 §3.9; ``id`` and ``schemas`` are always returned."""
    response = directory.request("POST", "Users", BJENSEN, status=201)
    always = {"schemas": response["schemas"], "id": response["id"]}
    path = f"Users/{response['id']}"
    for query, expected in (
        ("attributes=userName", {"userName": "bjensen"}),
        ("attributes=USERNAME,title", {"userName": "bjensen", "title": "Tour Guide"}),
        ("attributes=name.familyName", {"name": {"familyName": "Jensen"}}),
        (f"attributes={CORE}:userName", {"userName": "bjensen"}),
        (f"attributes={ENTERPRISE}:employeeNumber", {ENTERPRISE: {"employeeNumber": "701984"}}),
        ("attributes=emails.value", {"emails": [{"value": "bjensen@example.com"}]}),
        ("attributes=unknown", {}),
    ):
        assert directory.request("GET", f"{path}?{query}") == {**always, **expected}, query
        assert directory.request("GET", f'Users?filter=userName eq "bjensen"&{query}')["Resources"] == [
            always | expected
        ]
    without = directory.request("GET", f"{path}?excludedAttributes=emails,id,name.givenName,{ENTERPRISE}")
    assert {"emails", ENTERPRISE} & without.keys() == set()
    assert (without["id"], without["name"]["familyName"], "givenName" in without["name"]) == (
        response["id"],
        "Jensen",
        False,
    )
    directory.request("GET", f"{path}?attributes=id&excludedAttributes=name", status=400)
    body = {"userName": "second", "title": "A"}
    assert directory.request("POST", "Users?attributes=title", body, status=201).keys() == {"schemas", "id", "title"}
    patch = {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "title", "value": "B"}]}
    assert directory.request("PATCH", f"{path}?attributes=title", patch) == {**always, "title": "B"}
    directory.request("PUT", f"{path}?attributes=x&excludedAttributes=y", {"userName": "bjensen"}, status=400)


def test_list_can_be_requested_with_a_body(directory: Directory) -> None:
    """RFC 7644 §3.4.3, at the users, the groups and at the root."""
    response = directory.request("POST", "Users", BJENSEN, status=201)
    group = directory.request("POST", "Groups", {"displayName": "Guides", "externalId": "701984"}, status=201)
    search = {"schemas": [SEARCH], "filter": 'externalId eq "701984"', "attributes": ["displayName"], "count": 1}
    search_response = directory.request("POST", "Users/.search", search)
    assert [resource["id"] for resource in search_response["Resources"]] == [response["id"]]
    assert search_response["Resources"][0].keys() == {"schemas", "id", "displayName"}
    assert [resource["id"] for resource in directory.request("POST", "Groups/.search", search)["Resources"]] == [
        group["id"]
    ]
    first, second = (directory.request("POST", ".search", {**search, "startIndex": start}) for start in (1, 2))
    assert [resource["totalResults"] for resource in (first, second)] == [2, 2]
    assert [resource["Resources"][0]["id"] for resource in (first, second)] == [response["id"], group["id"]]
    everything = directory.request("POST", ".search", {"schemas": [SEARCH]})
    assert everything["totalResults"] == len(everything["Resources"]) == 3
    refused: list[Any] = [{"filter": 'userName eq "x"'}, {"filter": {}}, {"count": "x"}, {"startIndex": True}, []]
    for wrong in refused:
        directory.request("POST", ".search", wrong, status=400)


def test_directory_cannot_change_rights_of_administrators(directory: Directory) -> None:
    user = directory.add("li.si", roles=[{"value": "admin"}])
    assert Member.objects.get(public_id=user["id"]).role == Member.Role.USER
    Member.objects.filter(public_id=user["id"]).update(role=Member.Role.ADMIN)
    directory.request("PUT", f"Users/{user['id']}", {"userName": "li.si", "displayName": "Another"})
    assert Member.objects.get(public_id=user["id"]).role == Member.Role.ADMIN


def test_last_administrator_cannot_be_removed(directory: Directory) -> None:
    key = directory.admin.public_id
    assert "No other administrator can sign in" in directory.request("DELETE", f"Users/{key}", status=409)["detail"]
    off = {"op": "replace", "path": "active", "value": False}
    directory.patch(f"Users/{key}", {"op": "replace", "path": "title", "value": "Boss"}, off, status=409)


def test_removed_member_is_signed_out_and_not_found() -> None:
    joint = make_joint()
    token = directory_tokens.create(joint.enterprise, "Okta", by=joint.admin, most=3, now=clock.now())
    directory = Directory(joint.admin, token.token, token.secret)
    browser = Client()
    name = f"{joint.member.user_name}@{joint.enterprise.code}"
    browser.post(f"{joint.home}sign-in/", {"name": name, "password": PASSWORD})
    signed_in = browser.get(joint.home)
    directory.request("DELETE", f"Users/{joint.member.public_id}", status=204)
    out = browser.get(joint.home)
    assert (signed_in.status_code, out.status_code) == (200, 302)
    directory.request("GET", f"Users/{joint.member.public_id}", status=404)
    directory.request("DELETE", f"Users/{joint.member.public_id}", status=404)
    response = directory.request("POST", "Users", {"userName": joint.member.user_name}, status=409)
    assert response["scimType"] == "uniqueness"
    assert "Restore that member" in response["detail"]


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
def test_invalid_user_is_not_created(directory: Directory, body: object, status: int, kind: str) -> None:
    assert directory.request("POST", "Users", body, status=status)["scimType"] == kind


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
def test_invalid_patch_changes_nothing(directory: Directory, operations: list[object], kind: str) -> None:
    user = directory.add("li.si")
    assert directory.patch(f"Users/{user['id']}", *operations, status=400)["scimType"] == kind


@pytest.mark.parametrize(
    "filter_text",
    [
        "userName",
        'userName co "li"',
        'title eq "x"',
        'userName eq "x" and active eq true',
        f'userName eq "{"x" * 700}"',
        'userName eq "\x01"',
    ],
)
def test_unknown_filter_is_refused(directory: Directory, filter_text: str) -> None:
    answer = directory.ask("GET", "Users?" + urlencode({"filter": filter_text}))
    assert answer.status_code == 400
    assert answer.json()["scimType"] == "invalidFilter"
