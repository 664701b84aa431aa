"""Groups by a directory (RFC 7644 §3.5.2.1 to §3.5.2.3)."""

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


def make(directory: Directory, *people: Member, name: str = "Tour Guides") -> dict[str, Any]:
    inside = [{"value": one.public_id, "display": one.name} for one in people]
    body = {"schemas": [GROUP], "displayName": name, "externalId": "g-1", "members": inside}
    return directory.told("POST", "Groups", body, status=201)


def inside(made: dict[str, Any]) -> list[str]:
    found = GroupMember.objects.filter(group=int(made["id"])).order_by("member")
    return list(found.values_list("member__user_name", flat=True))


def test_a_group_is_made_found_replaced_and_removed(directory: Directory, people: list[Member]) -> None:
    made = make(directory, *people[:2])
    assert {one["value"] for one in made["members"]} == {one.public_id for one in people[:2]}
    assert directory.told("GET", f"Groups/{made['id']}") == made
    listed = {name: value for name, value in made.items() if name != "members"}
    for asked in ('displayName eq "tour guides"', 'externalId eq "g-1"', f'id eq "{made["id"]}"'):
        assert directory.told("GET", f"Groups?filter={asked}")["Resources"] == [listed], asked
    assert directory.told("GET", f"Groups/{made['id']}?excludedAttributes=members") == listed
    replaced = {"displayName": "Guides", "members": [{"value": people[2].public_id}]}
    changed = directory.told("PUT", f"Groups/{made['id']}", replaced)
    assert (changed["displayName"], inside(made), "externalId" in changed) == ("Guides", ["user2"], False)
    directory.told("DELETE", f"Groups/{made['id']}", status=204)
    directory.told("GET", f"Groups/{made['id']}", status=404)
    assert Group.objects.get(pk=int(made["id"])).removed_at is not None
    assert set(EnterpriseAct.objects.filter(by_text="SCIM: Entra ID").values_list("act", flat=True)) == {
        "group_added", "group_filled", "group_renamed", "group_linked", "group_emptied", "group_removed",
    }  # fmt: skip


def test_members_are_put_in_and_taken_out_in_every_spelling(directory: Directory, people: list[Member]) -> None:
    made = make(directory)
    path = f"Groups/{made['id']}"
    keys = [one.public_id for one in people]
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
        assert inside(made) == expected, operation
    directory.patch(path, {"op": "Replace", "value": {"id": made["id"], "displayName": "Renamed"}}, status=204)
    assert Group.objects.get(pk=int(made["id"])).name == "Renamed"


def test_a_patch_is_done_as_a_whole_or_not(directory: Directory, people: list[Member]) -> None:
    made = make(directory, people[0])
    first = {"op": "add", "path": "members", "value": [{"value": people[1].public_id}]}
    for second, kind in (
        ({"op": "add", "path": "members", "value": [{"value": "0" * 32}]}, "invalidValue"),
        ({"op": "replace", "path": "owners", "value": "x"}, "invalidPath"),
        ({"op": "add", "path": f'members[value eq "{people[1].public_id}"]'}, "invalidPath"),
        ({"op": "remove", "path": "displayName"}, "invalidPath"),
        ({"op": "add", "path": "members", "value": [{"value": "x\u0000"}]}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"display": "x"}]}, "invalidValue"),
    ):
        assert directory.patch(f"Groups/{made['id']}", first, second, status=400)["scimType"] == kind
    assert inside(made) == ["user0"]


def test_nobody_of_another_enterprise_is_put_in(directory: Directory) -> None:
    stranger = make_managed(make_admin(), "stranger").member
    body = {"displayName": "G", "members": [{"value": stranger.public_id}]}
    directory.told("POST", "Groups", body, status=400)
    make(directory)
    directory.told("POST", "Groups", {"displayName": "TOUR GUIDES"}, status=409)
    directory.told("POST", "Groups", {}, status=400)


def test_more_than_one_batch(directory: Directory, people: list[Member], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_AT_ONCE", 2)
    made = make(directory, *people)
    assert inside(made) == ["user0", "user1", "user2"]
    directory.patch(f"Groups/{made['id']}", {"op": "remove", "path": "members"}, status=204)
    assert inside(made) == []
