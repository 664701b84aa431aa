"""Members by invitation, groups with menus, ownership (business-rules §1.7, issue 9 "Entry"). A refused action changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import make_buyer, make_group, make_member, make_seller
from tests.factories.people import NOW
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Move
from tradepost.market.identity import groups, members
from tradepost.market.identity.menus import DEVELOPER, GRANTABLE, VIEWER, Level, Menu, Rights, rights_from
from tradepost.market.identity.models import Group, Invitation, Member, Seller

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def owner() -> Member:
    person = make_buyer(balance="0")
    return Member.objects.get(seller=make_seller(member=person))


def invite(owner: Member, email: str = "new@a.example", *, by: Member | None = None, most: int = 50, **fields):
    chosen_groups = fields.pop("groups", None) or [groups.built_in(owner.seller, VIEWER)]
    return members.invite(
        owner.seller, email, groups=chosen_groups, by=by or owner, most=most, valid=WEEK, now=fields.pop("now", NOW)
    )


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


# --- menus, without a database ---


def test_rights_of_several_groups_add_up() -> None:
    """§1.7: roles and menus are given to a group; members inherit."""
    rights = rights_from(
        [{"trade": "read", "tools": "write"}, {"trade": "write"}, {"nonsense": "write", "members": "?"}]
    )
    assert {menu.value: rights.level(menu) for menu in Menu} == {
        "overview": Level.READ, "products": Level.NONE, "trade": Level.WRITE, "tools": Level.WRITE,
        "company": Level.NONE, "members": Level.NONE,
    }  # fmt: skip
    assert Rights(owner=True).changed == {menu.value for menu in Menu}
    assert rights_from([]).seen == {"overview"}


@pytest.mark.parametrize(
    ("menus", "covered"),
    [({"trade": "write"}, True), ({"trade": "read"}, True), ({"tools": "write"}, False), ({"tools": "read"}, True),
     ({"members": "read"}, False), ({}, True), ({"trade": "nonsense"}, True), ({"tools": "nonsense"}, False)],
)  # fmt: skip
def test_rights_cover_only_what_they_include(menus: dict[str, str], covered: bool) -> None:
    assert rights_from([{"trade": "write", "tools": "read"}]).covers(menus) is covered


# --- invitations ---


def test_only_the_invited_address_can_accept(owner: Member) -> None:
    issued = invite(owner, "New@A.example")
    assert issued.token not in str(Invitation.objects.values())
    stranger = make_buyer(email="other@a.example", balance="0")
    with refused("invitation.other_address"):
        members.accept(issued.token, user=stranger, now=NOW)
    assert Invitation.objects.get().status == "pending"
    person = make_buyer(email="new@a.example", balance="0")

    member = members.accept(issued.token, user=person, now=NOW + WEEK - timedelta(seconds=1))

    assert (member.role, [group.code for group in member.groups.all()]) == ("member", [VIEWER])
    assert Invitation.objects.get().status == "accepted"
    assert Event.objects.get(name="member_joined").facts["user"] == person.pk
    assert Move.objects.get(lifecycle="membership").after == "member"
    with refused("invitation.ended"):
        members.accept(issued.token, user=person, now=NOW)


@pytest.mark.parametrize("ending", ["too old", "withdrawn", "newer one", "no token"])
def test_ended_or_unknown_invitation_is_refused(owner: Member, ending: str) -> None:
    issued, now = invite(owner), NOW
    if ending == "too old":
        now = NOW + WEEK
    elif ending == "withdrawn":
        members.revoke(issued.invitation, by=owner, now=NOW)
    elif ending == "newer one":
        invite(owner, "NEW@a.example")
    token = "x" * 43 if ending == "no token" else issued.token
    with refused("invitation.ended"):
        members.accept(token, user=make_buyer(email="new@a.example", balance="0"), now=now)
    assert Member.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("", "member.email"),
        ("no address", "member.email"),
        ("a@b", "member.email"),
        ("a@b.example, c@d.example", "member.email"),
    ],
)
def test_invalid_address_is_refused(owner: Member, email: str, code: str) -> None:
    with refused(code):
        invite(owner, email)
    assert not Invitation.objects.exists()


def test_member_cannot_be_invited_again(owner: Member) -> None:
    with refused("member.already"):
        invite(owner, owner.user.email.upper())
    assert not Invitation.objects.exists()


def test_open_invitations_count_toward_the_member_limit(owner: Member) -> None:
    """§1.7: at most 50 sub-users; the owner is the account itself."""
    make_member(owner.seller, make_buyer(balance="0"), VIEWER)
    invite(owner, "b@a.example", most=2)
    with refused("member.too_many"):
        invite(owner, "c@a.example", most=2)
    assert Invitation.objects.count() == 1
    invite(owner, "B@a.example", most=2)  # a repeated invitation takes no additional place
    invite(owner, "c@a.example", most=2, now=NOW + WEEK)  # the other invitations have expired
    assert Invitation.objects.filter(status="pending").count() == 2


def test_deleted_group_is_not_assigned(owner: Member) -> None:
    group = make_group(owner.seller, trade="read")
    issued = invite(owner, groups=[group, groups.built_in(owner.seller, VIEWER)])
    groups.delete_group(group, by=owner)
    member = members.accept(issued.token, user=make_buyer(email="new@a.example", balance="0"), now=NOW)
    assert [each.code for each in member.groups.all()] == [VIEWER]


# --- limits of what a manager may grant ---


@pytest.fixture
def manager(owner: Member) -> Member:
    """Can change members and read trade; nothing else."""
    return make_member(owner.seller, make_buyer(balance="0"), make_group(owner.seller, members="write", trade="read"))


def test_manager_cannot_grant_more_than_their_own_rights(owner: Member, manager: Member) -> None:
    trade = make_group(owner.seller, trade="read")
    developer = make_member(owner.seller, make_buyer(balance="0"), DEVELOPER)
    before = [list(member.groups.values_list("pk", flat=True)) for member in Member.objects.order_by("pk")]
    actions = (
        lambda: invite(owner, by=manager),
        lambda: members.assign_groups(manager, [groups.built_in(owner.seller, DEVELOPER)], by=manager, now=NOW),
        lambda: members.assign_groups(developer, [trade], by=manager, now=NOW),
        lambda: members.remove(developer, by=manager, now=NOW),
        lambda: groups.create_group(owner.seller, name="All", menus={"tools": "write"}, by=manager),
        lambda: groups.change_group(trade, name="All", menus={"trade": "write"}, by=manager),
        lambda: groups.change_group(
            make_group(owner.seller, tools="read"), name="x", menus={"trade": "read"}, by=manager
        ),
    )
    for action in actions:
        with refused("members.more_than_own"):
            action()
    assert [list(m.groups.values_list("pk", flat=True)) for m in Member.objects.order_by("pk")] == before
    assert not Invitation.objects.exists()
    assert invite(owner, by=manager, groups=[trade]).invitation.pk
    groups.create_group(owner.seller, name="Readers", menus={"trade": "read"}, by=manager)


@pytest.mark.parametrize(
    ("name", "menus", "code"),
    [("", {"trade": "read"}, "group.name"), ("x" * 65, {"trade": "read"}, "group.name"), ("A", {}, "group.no_menu"),
     ("A", {"overview": "write"}, "group.no_menu"), ("A", {"trade": "all"}, "group.no_menu"),
     ("  sAles ", {"trade": "read"}, "group.repeated")],
)  # fmt: skip
def test_group_needs_a_unique_name_and_menus(owner: Member, name: str, menus: dict[str, str], code: str) -> None:
    groups.create_group(owner.seller, name="Sales", menus={"trade": "read"}, by=owner)
    with refused(code):
        groups.create_group(owner.seller, name=name, menus=menus, by=owner)
    assert Group.objects.count() == 1


def test_groups_in_use_and_built_in_groups_cannot_be_deleted(owner: Member) -> None:
    group = make_group(owner.seller, trade="read")
    make_member(owner.seller, make_buyer(balance="0"), group)
    built_in = groups.built_in(owner.seller, VIEWER)
    with refused("group.in_use"):
        groups.delete_group(group, by=owner)
    with refused("group.built_in"):
        groups.delete_group(built_in, by=owner)
    with refused("group.built_in"):
        groups.change_group(built_in, name="x", menus={"trade": "write"}, by=owner)
    assert set(built_in.given) == set(GRANTABLE)
    assert Group.objects.count() == 2


def test_group_of_another_seller_is_unknown(owner: Member) -> None:
    foreign = make_group(make_seller(), trade="read")
    for choices in ([str(foreign.pk)], ["nonsense"], ["9" * 30], ["viewer", str(foreign.pk)]):
        with refused("group.unknown"):
            groups.groups_from_form(owner.seller, choices)


# --- leaving, removal and ownership ---


def test_leaving_and_removal_are_recorded(owner: Member) -> None:
    leaver, removed = (make_member(owner.seller, make_buyer(balance="0"), VIEWER) for _ in range(2))
    members.leave(leaver, now=NOW)
    members.remove(removed, by=owner, now=NOW)
    assert list(Member.objects.all()) == [owner]
    assert [event.facts["by"] for event in Event.objects.filter(name="member_left").order_by("pk")] == [
        leaver.user_id, owner.user_id,
    ]  # fmt: skip
    assert [move.event for move in Move.objects.filter(lifecycle="membership").order_by("pk")] == ["leave", "remove"]


def test_seller_always_keeps_an_owner(owner: Member) -> None:
    with refused("member.last_owner"):
        members.leave(owner, now=NOW)
    other = make_member(owner.seller, make_buyer(balance="0"))
    with refused("member.owner"):
        members.remove(other, by=owner, now=NOW)
    with refused("member.owner"):
        members.assign_groups(other, [groups.built_in(owner.seller, VIEWER)], by=owner, now=NOW)
    with refused("member.self"):
        members.remove(owner, by=owner, now=NOW)
    assert Member.objects.count() == 2
    members.leave(owner, now=NOW)
    assert Member.objects.get().pk == other.pk


def test_only_the_owner_can_transfer_ownership(owner: Member) -> None:
    heir = make_member(owner.seller, make_buyer(balance="0"), VIEWER)
    foreign = make_member(make_seller(), make_buyer(balance="0"), VIEWER)
    for giver, taker, code in (
        (heir, heir, "member.not_owner"), (owner, foreign, "member.unknown"), (owner, owner, "member.unknown"),
    ):  # fmt: skip
        with refused(code):
            members.transfer_ownership(giver, to=taker, now=NOW)
    members.transfer_ownership(owner, to=heir, now=NOW)
    roles = {m.pk: (m.role, [g.code for g in m.groups.all()]) for m in Member.objects.filter(seller=owner.seller)}
    assert roles == {owner.pk: ("member", [DEVELOPER]), heir.pk: ("owner", [])}
    assert Event.objects.get(name="ownership_transferred").facts["former"] == owner.user_id


def test_concurrently_removed_member_is_not_changed(owner: Member) -> None:
    member = make_member(owner.seller, make_buyer(balance="0"), VIEWER)
    Member.objects.filter(pk=member.pk).delete()
    for action in (lambda: members.remove(member, by=owner, now=NOW), lambda: members.leave(member, now=NOW)):
        with refused("member.unknown"):
            action()
    assert Seller.objects.count() == 1
