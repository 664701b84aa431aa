"""Members by invitation, groups with menus, ownership (business-rules §1.7, issue 9 "Entry"). A refusal changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import make_buyer, make_group, make_member, make_seller
from tests.factories.people import NOW
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event, Move
from tradepost.market.identity import groups, members
from tradepost.market.identity.menus import DEVELOPER, EXPLAINED, VIEWER, Level, Menu, Rights, rights_from
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


def ask(owner: Member, email: str = "new@a.example", *, by: Member | None = None, most: int = 50, **fields):
    given = fields.pop("groups", None) or [groups.built_in(owner.seller, VIEWER)]
    return members.invite(
        owner.seller, email, groups=given, by=by or owner, most=most, valid=WEEK, now=fields.pop("now", NOW)
    )


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


# --- menus: pure ---


def test_rights_of_several_groups_add_up() -> None:
    """§1.7: roles and menus are given to a group; members inherit."""
    found = rights_from(
        [{"trade": "read", "tools": "write"}, {"trade": "write"}, {"nonsense": "write", "members": "?"}]
    )
    assert {menu.value: found.level(menu) for menu in Menu} == {
        "overview": Level.READ, "products": Level.NONE, "trade": Level.WRITE, "tools": Level.WRITE,
        "company": Level.NONE, "members": Level.NONE,
    }  # fmt: skip
    assert Rights(owner=True).changed == {menu.value for menu in Menu}
    assert rights_from([]).seen == {"overview"}


@pytest.mark.parametrize(
    ("given", "covered"),
    [({"trade": "write"}, True), ({"trade": "read"}, True), ({"tools": "write"}, False), ({"tools": "read"}, True),
     ({"members": "read"}, False), ({}, True), ({"trade": "nonsense"}, True), ({"tools": "nonsense"}, False)],
)  # fmt: skip
def test_nobody_covers_more_than_they_have(given: dict[str, str], covered: bool) -> None:
    assert rights_from([{"trade": "write", "tools": "read"}]).covers(given) is covered


# --- invitations ---


def test_an_invitation_is_accepted_by_its_address_alone(owner: Member) -> None:
    made = ask(owner, "New@A.example")
    assert made.token not in str(Invitation.objects.values())
    stranger = make_buyer(email="other@a.example", balance="0")
    with refused("invitation.other_address"):
        members.accept(made.token, user=stranger, now=NOW)
    assert Invitation.objects.get().status == "pending"
    person = make_buyer(email="new@a.example", balance="0")

    member = members.accept(made.token, user=person, now=NOW + WEEK - timedelta(seconds=1))

    assert (member.role, [group.code for group in member.groups.all()]) == ("member", [VIEWER])
    assert Invitation.objects.get().status == "accepted"
    assert Event.objects.get(name="member_joined").facts["user"] == person.pk
    assert Move.objects.get(lifecycle="membership").after == "member"
    with refused("invitation.ended"):
        members.accept(made.token, user=person, now=NOW)


@pytest.mark.parametrize("how", ["too old", "withdrawn", "newer one", "no token"])
def test_what_was_not_given_out_or_is_over_opens_nothing(owner: Member, how: str) -> None:
    made, now = ask(owner), NOW
    if how == "too old":
        now = NOW + WEEK
    elif how == "withdrawn":
        members.revoke(made.invitation, by=owner, now=NOW)
    elif how == "newer one":
        ask(owner, "NEW@a.example")
    token = "x" * 43 if how == "no token" else made.token
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
def test_what_is_no_address_is_refused(owner: Member, email: str, code: str) -> None:
    with refused(code):
        ask(owner, email)
    assert not Invitation.objects.exists()


def test_a_member_is_not_invited_again(owner: Member) -> None:
    with refused("member.already"):
        ask(owner, owner.user.email.upper())
    assert not Invitation.objects.exists()


def test_at_most_so_many_members_with_open_invitations(owner: Member) -> None:
    """§1.7: at most 50 sub-users; the owner is the account itself."""
    make_member(owner.seller, make_buyer(balance="0"), VIEWER)
    ask(owner, "b@a.example", most=2)
    with refused("member.too_many"):
        ask(owner, "c@a.example", most=2)
    assert Invitation.objects.count() == 1
    ask(owner, "B@a.example", most=2)  # the same person again takes no further place
    ask(owner, "c@a.example", most=2, now=NOW + WEEK)  # by now the others' invitations are too old
    assert Invitation.objects.filter(status="pending").count() == 2


def test_groups_that_are_gone_are_not_given(owner: Member) -> None:
    group = make_group(owner.seller, trade="read")
    made = ask(owner, groups=[group, groups.built_in(owner.seller, VIEWER)])
    groups.delete_group(group, by=owner)
    member = members.accept(made.token, user=make_buyer(email="new@a.example", balance="0"), now=NOW)
    assert [each.code for each in member.groups.all()] == [VIEWER]


# --- who may give what ---


@pytest.fixture
def manager(owner: Member) -> Member:
    """May change members, and reads trade; nothing else."""
    return make_member(owner.seller, make_buyer(balance="0"), make_group(owner.seller, members="write", trade="read"))


def test_a_manager_gives_no_more_than_their_own(owner: Member, manager: Member) -> None:
    trade = make_group(owner.seller, trade="read")
    developer = make_member(owner.seller, make_buyer(balance="0"), DEVELOPER)
    before = [list(member.groups.values_list("pk", flat=True)) for member in Member.objects.order_by("pk")]
    acts = (
        lambda: ask(owner, by=manager),
        lambda: members.put_into(manager, [groups.built_in(owner.seller, DEVELOPER)], by=manager, now=NOW),
        lambda: members.put_into(developer, [trade], by=manager, now=NOW),
        lambda: members.remove(developer, by=manager, now=NOW),
        lambda: groups.create_group(owner.seller, name="All", menus={"tools": "write"}, by=manager),
        lambda: groups.change_group(trade, name="All", menus={"trade": "write"}, by=manager),
        lambda: groups.change_group(
            make_group(owner.seller, tools="read"), name="x", menus={"trade": "read"}, by=manager
        ),
    )
    for act in acts:
        with refused("members.more_than_own"):
            act()
    assert [list(m.groups.values_list("pk", flat=True)) for m in Member.objects.order_by("pk")] == before
    assert not Invitation.objects.exists()
    assert ask(owner, by=manager, groups=[trade]).invitation.pk
    groups.create_group(owner.seller, name="Readers", menus={"trade": "read"}, by=manager)


@pytest.mark.parametrize(
    ("name", "menus", "code"),
    [("", {"trade": "read"}, "group.name"), ("x" * 65, {"trade": "read"}, "group.name"), ("A", {}, "group.no_menu"),
     ("A", {"overview": "write"}, "group.no_menu"), ("A", {"trade": "all"}, "group.no_menu"),
     ("  sAles ", {"trade": "read"}, "group.repeated")],
)  # fmt: skip
def test_a_group_needs_a_name_of_its_own_and_menus(owner: Member, name: str, menus: dict[str, str], code: str) -> None:
    groups.create_group(owner.seller, name="Sales", menus={"trade": "read"}, by=owner)
    with refused(code):
        groups.create_group(owner.seller, name=name, menus=menus, by=owner)
    assert Group.objects.count() == 1


def test_a_group_in_use_stays_and_built_in_ones_never_change(owner: Member) -> None:
    group = make_group(owner.seller, trade="read")
    make_member(owner.seller, make_buyer(balance="0"), group)
    built_in = groups.built_in(owner.seller, VIEWER)
    with refused("group.in_use"):
        groups.delete_group(group, by=owner)
    with refused("group.built_in"):
        groups.delete_group(built_in, by=owner)
    with refused("group.built_in"):
        groups.change_group(built_in, name="x", menus={"trade": "write"}, by=owner)
    assert set(built_in.given) == set(EXPLAINED)
    assert Group.objects.count() == 2


def test_another_sellers_group_does_not_exist(owner: Member) -> None:
    foreign = make_group(make_seller(), trade="read")
    for words in ([str(foreign.pk)], ["nonsense"], ["9" * 30], ["viewer", str(foreign.pk)]):
        with refused("group.unknown"):
            groups.chosen(owner.seller, words)


# --- out ---


def test_who_leaves_or_is_removed_is_out_and_it_is_written_down(owner: Member) -> None:
    one, two = (make_member(owner.seller, make_buyer(balance="0"), VIEWER) for _ in range(2))
    members.leave(one, now=NOW)
    members.remove(two, by=owner, now=NOW)
    assert list(Member.objects.all()) == [owner]
    assert [event.facts["by"] for event in Event.objects.filter(name="member_left").order_by("pk")] == [
        one.user_id, owner.user_id,
    ]  # fmt: skip
    assert [move.event for move in Move.objects.filter(lifecycle="membership").order_by("pk")] == ["leave", "remove"]


def test_a_seller_always_has_an_owner(owner: Member) -> None:
    with refused("member.last_owner"):
        members.leave(owner, now=NOW)
    other = make_member(owner.seller, make_buyer(balance="0"))
    with refused("member.owner"):
        members.remove(other, by=owner, now=NOW)
    with refused("member.owner"):
        members.put_into(other, [groups.built_in(owner.seller, VIEWER)], by=owner, now=NOW)
    with refused("member.self"):
        members.remove(owner, by=owner, now=NOW)
    assert Member.objects.count() == 2
    members.leave(owner, now=NOW)
    assert Member.objects.get().pk == other.pk


def test_ownership_is_handed_over_by_the_owner_alone(owner: Member) -> None:
    heir = make_member(owner.seller, make_buyer(balance="0"), VIEWER)
    foreign = make_member(make_seller(), make_buyer(balance="0"), VIEWER)
    for giver, taker, code in (
        (heir, heir, "member.not_owner"), (owner, foreign, "member.unknown"), (owner, owner, "member.unknown"),
    ):  # fmt: skip
        with refused(code):
            members.hand_over(giver, to=taker, now=NOW)
    members.hand_over(owner, to=heir, now=NOW)
    roles = {m.pk: (m.role, [g.code for g in m.groups.all()]) for m in Member.objects.filter(seller=owner.seller)}
    assert roles == {owner.pk: ("member", [DEVELOPER]), heir.pk: ("owner", [])}
    assert Event.objects.get(name="ownership_transferred").facts["former"] == owner.user_id


def test_a_member_who_is_gone_meanwhile_is_not_changed(owner: Member) -> None:
    one = make_member(owner.seller, make_buyer(balance="0"), VIEWER)
    Member.objects.filter(pk=one.pk).delete()
    for act in (lambda: members.remove(one, by=owner, now=NOW), lambda: members.leave(one, now=NOW)):
        with refused("member.unknown"):
            act()
    assert Seller.objects.count() == 1
