"""Groups managed by a directory (RFC 7644 §3.5.2.1 to §3.5.2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.organisations import make_admin, make_managed
from tests.market.scim.directory import GROUP, Directory, make_directory
from tradepost.market.organisations import groups
from tradepost.market.organisations.models import EnterpriseAct, Group, GroupMember, Member

pytestmark = pytest.mark.django_db


@pytest.fixture
def directory() -> Directory:
    return make_directory()


@pytest.fixture
def people(directory: Directory) -> list[Member]:
    return [make_managed(directory.admin, f"user{number}").member for number in range(3)]


def post_group(directory: Directory, *people: Member, name: str = "Tour Guides") -> dict[str, Any]:
    inside = [{"value": person.public_id, "display": person.name} for person in people]
    body = {"schemas": [GROUP], "displayName": name, "externalId": "g-1", "members": inside}
    return directory.request("POST", "Groups", body, status=201)


def members_of(group: dict[str, Any]) -> list[str]:
    members = GroupMember.objects.filter(group=int(group["id"])).order_by("member")
    return list(members.values_list("member__user_name", flat=True))


def test_group_is_created_found_replaced_and_removed(directory: Directory, people: list[Member]) -> None:
    group = post_group(directory, *people[:2])
    assert {member["value"] for member in group["members"]} == {member.public_id for member in people[:2]}
    assert directory.request("GET", f"Groups/{group['id']}") == group
    listed = {name: value for name, value in group.items() if name != "members"}
    for filter_text in ('displayName eq "tour guides"', 'externalId eq "g-1"', f'id eq "{group["id"]}"'):
        assert directory.request("GET", f"Groups?filter={filter_text}")["Resources"] == [listed], filter_text
    assert directory.request("GET", f"Groups/{group['id']}?excludedAttributes=members") == listed
    replaced = {"displayName": "Guides", "members": [{"value": people[2].public_id}]}
    changed = directory.request("PUT", f"Groups/{group['id']}", replaced)
    assert (changed["displayName"], members_of(group), "externalId" in changed) == ("Guides", ["user2"], False)
    directory.request("DELETE", f"Groups/{group['id']}", status=204)
    directory.request("GET", f"Groups/{group['id']}", status=404)
    assert Group.objects.get(pk=int(group["id"])).removed_at is not None
    assert set(EnterpriseAct.objects.filter(by_text="SCIM: Entra ID").values_list("act", flat=True)) == {
        "group_added", "group_filled", "group_renamed", "group_linked", "group_emptied", "group_removed",
    }  # fmt: skip


def test_members_are_added_and_removed_in_every_spelling(directory: Directory, people: list[Member]) -> None:
    group = post_group(directory)
    path = f"Groups/{group['id']}"
    keys = [person.public_id for person in people]
    values = [{"value": key} for key in keys]
    steps: list[tuple[dict[str, object], list[str]]] = [
        ({"op": "add", "path": "members", "value": values[:1]}, ["user0"]),
        ({"op": "Add", "path": "members", "value": [{"$ref": None, "value": keys[1]}]}, ["user0", "user1"]),
        ({"op": "add", "value": {"members": values}}, ["user0", "user1", "user2"]),
        ({"op": "remove", "path": f'members[value eq "{keys[0]}"]'}, ["user1", "user2"]),
        ({"op": "Remove", "path": "members", "value": values[1:2]}, ["user2"]),
        ({"op": "remove", "path": "members", "value": [{"value": "0" * 32}]}, ["user2"]),
        ({"op": "replace", "path": "members", "value": values[:2]}, ["user0", "user1"]),
        ({"op": "remove", "path": "members"}, []),
    ]
    for operation, expected in steps:
        directory.patch(path, operation, status=204)
        assert members_of(group) == expected, operation
    directory.patch(path, {"op": "Replace", "value": {"id": group["id"], "displayName": "Renamed"}}, status=204)
    assert Group.objects.get(pk=int(group["id"])).name == "Renamed"


def test_patch_is_applied_completely_or_not_at_all(directory: Directory, people: list[Member]) -> None:
    group = post_group(directory, people[0])
    first = {"op": "add", "path": "members", "value": [{"value": people[1].public_id}]}
    for second, kind in (
        ({"op": "add", "path": "members", "value": [{"value": "0" * 32}]}, "invalidValue"),
        ({"op": "replace", "path": "owners", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": f'members[value eq "{people[1].public_id}"]'}, "invalidPath"),
        ({"op": "remove", "path": "displayName"}, "invalidPath"),
        ({"op": "add", "path": "members", "value": [{"value": "x\u0000"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "x"}]}, "invalidValue"),
    ):
        assert directory.patch(f"Groups/{group['id']}", first, second, status=400)["scimType"] == kind
    assert members_of(group) == ["user0"]


def test_member_of_another_enterprise_is_refused(directory: Directory) -> None:
    stranger = make_managed(make_admin(), "stranger").member
    body = {"displayName": "G", "members": [{"value": stranger.public_id}]}
    directory.request("POST", "Groups", body, status=400)
    post_group(directory)
    directory.request("POST", "Groups", {"displayName": "TOUR GUIDES"}, status=409)
    directory.request("POST", "Groups", {}, status=400)


def test_members_are_read_in_several_batches(
    directory: Directory, people: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups, "MAX_BATCH", 2)
    group = post_group(directory, *people)
    assert members_of(group) == ["user0", "user1", "user2"]
    directory.patch(f"Groups/{group['id']}", {"op": "remove", "path": "members"}, status=204)
    assert members_of(group) == []
