"""The pure rules of what sellers are told, by the tables of design joint.md §4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.applications.batches import batches
from tradepost.market.applications.department_steps import Cycle, department_steps, tree_of
from tradepost.market.applications.desired import UNKNOWN, flag, upsert, wanted, words_of
from tradepost.market.applications.lanes import Kind, Standing, goes_on, next_kind
from tradepost.protocols.sync_commands import Department, SyncFlag

ADD, MODIFY, DELETE, CANCEL = SyncFlag.ADD, SyncFlag.MODIFY, SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION
V2, V1 = words_of("joint_kit_v2"), words_of("joint_kit_v1")


def test_the_generations_have_the_flags_of_their_tables() -> None:
    """§A.0: "tenant/application: 0 delete, 1 add; auth and single-org: also 2 modify"; V2 "auth also 3 cancel authorisation"."""
    assert (V1.tenant, V1.application, V1.people) == tuple(
        map(frozenset, ({DELETE, ADD}, {DELETE, ADD}, {DELETE, ADD, MODIFY}))
    )
    assert (V2.tenant, V2.application) == (frozenset({DELETE, ADD, MODIFY}),) * 2
    assert V2.people == {DELETE, ADD, MODIFY, CANCEL}


@pytest.mark.parametrize(
    ("acked", "is_wanted", "removed", "v2", "v1"),
    [
        ("", True, False, ADD, ADD),
        ("old", True, False, MODIFY, MODIFY),
        ("now", True, False, None, None),
        ("now", False, False, CANCEL, DELETE),
        ("now", False, True, DELETE, DELETE),
        ("now", True, True, DELETE, DELETE),
        ("", False, False, None, None),
        ("", False, True, None, None),
        (UNKNOWN, True, False, ADD, ADD),
        (UNKNOWN, False, False, DELETE, DELETE),
    ],
)
def test_one_member(acked: str, is_wanted: bool, removed: bool, v2: SyncFlag | None, v1: SyncFlag | None) -> None:
    def told(words: frozenset[SyncFlag], unauthorise: SyncFlag = CANCEL) -> SyncFlag | None:
        return flag(acked=acked, digest="now", wanted=is_wanted, removed=removed, words=words, unauthorise=unauthorise)

    assert (told(V2.people), told(V1.people)) == (v2, v1)
    assert told(V2.people, DELETE) == (DELETE if v2 is CANCEL else v2)


def test_an_enterprise_that_changed_is_modified_where_there_is_a_word_for_it() -> None:
    """§A.5: "V2: 0 delete, 1 add, 2 modify … V1: 0/1"."""
    assert upsert("old", "now", V2.tenant) is MODIFY
    assert upsert("old", "now", V1.tenant) is ADD
    assert upsert(UNKNOWN, "now", V2.tenant) is ADD
    assert upsert("now", "now", V2.tenant) is None


@pytest.mark.parametrize("binding", [True, False])
@pytest.mark.parametrize("member", [True, False])
@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("group", [True, False])
def test_who_is_wanted(binding: bool, member: bool, by_hand: bool, group: bool) -> None:
    said = wanted(living_binding=binding, living_member=member, by_hand=by_hand, in_bound_group=group)
    assert said == (binding and member and (by_hand or group))


def sizes(changes: list[SyncFlag]) -> list[tuple[SyncFlag, int]]:
    return [(of, len(some)) for of, some in batches([(of, None) for of in changes], size=500)]


def test_batches_have_one_flag_each_and_removals_come_first() -> None:
    changes = [ADD] * 1203 + [MODIFY] * 2 + [CANCEL] * 40
    assert sizes(changes) == [(CANCEL, 40), (MODIFY, 2), (ADD, 500), (ADD, 500), (ADD, 203)]


@pytest.mark.parametrize(("people", "calls"), [(0, 0), (500, 1), (501, 2), (100_000, 200)])
def test_how_many_calls(people: int, calls: int) -> None:
    assert len(sizes([ADD] * people)) == calls


def tree(**parents: str) -> dict[str, Department]:
    """``D2="D1"``; a name of its own after a point."""
    return tree_of(
        Department(code=code, name=above.partition(".")[2] or code, parent_code=above.partition(".")[0])
        for code, above in parents.items()
    )


def test_departments_are_added_parents_first_and_deleted_children_first() -> None:
    have = tree(D1="", D2="D1", D3="D2", D4="")
    want = tree(D1="", D5="D1", D2="D5.renamed", D3="D5")
    told = [(step.flag, step.department.code) for step in department_steps(have, want)]
    assert told == [(ADD, "D5"), (MODIFY, "D2"), (MODIFY, "D3"), (DELETE, "D4")]


def test_a_department_of_which_nothing_is_known_is_added_or_deleted() -> None:
    told = [(step.flag, step.department.code) for step in department_steps({"A": None, "B": None}, tree(A=""))]
    assert told == [(ADD, "A"), (DELETE, "B")]


@pytest.mark.parametrize("parents", [{"A": "A"}, {"A": "B", "B": "A"}, {"X": "A", "A": "B", "B": "C", "C": "A"}])
def test_a_circle_of_departments_is_refused(parents: dict[str, str]) -> None:
    with pytest.raises(Cycle):
        department_steps({}, tree(**parents))


CODES = st.sampled_from("ABCDEF")


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Department]:
    codes = draw(st.permutations("ABCDEF"))[: draw(st.integers(0, 6))]
    made = {}
    for place, code in enumerate(codes):
        parent = draw(st.sampled_from(["", *codes[:place]]))
        made[code] = Department(code=code, name=draw(st.sampled_from("xy")), parent_code=parent)
    return made


@given(trees(), trees())
def test_the_steps_lead_from_what_there_is_to_what_is_wanted(
    have: dict[str, Department], want: dict[str, Department]
) -> None:
    there = dict(have)
    for step in department_steps(have, want):
        one = step.department
        if step.flag is DELETE:
            assert all(other.parent_code != one.code for other in there.values()), "children first"
            del there[one.code]
        else:
            assert not one.parent_code or one.parent_code in there, "parents first"
            assert (one.code in there) == (step.flag is MODIFY)
            there[one.code] = one
    assert there == want


BOUND = "bound"


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (Standing(status="binding", introduces=True), Kind.BIND),
        (Standing(status="stopped", introduces=True), None),
        (Standing(status=BOUND), None),
        (Standing(status=BOUND, running=True, withdraws=True), None),
        (Standing(status=BOUND, withdraws=True, authorises=True, raises=True, introduces=True), Kind.WITHDRAW),
        (Standing(status=BOUND, authorises=True, raises=True, introduces=True), Kind.BIND),
        (Standing(status=BOUND, authorises=True, raises=True), Kind.DEPARTMENTS),
        (Standing(status=BOUND, authorises=True, clears=True), Kind.AUTHORISE),
        (Standing(status=BOUND, clears=True), Kind.DEPARTMENTS),
        (Standing(status=BOUND, authorises=True, held_back={"authorise"}), None),
        (Standing(status=BOUND, authorises=True, withdraws=True, held_back={"authorise"}), Kind.WITHDRAW),
        (Standing(status=BOUND, authorises=True, raises=True, held_back={"departments"}), Kind.AUTHORISE),
        (Standing(status="unbinding", authorises=True), Kind.UNBIND),
        (Standing(status="unbinding", held_back={"unbind"}), None),
        (Standing(status="unbound", authorises=True), None),
    ],
)
def test_what_is_told_next(at: Standing, kind: str | None) -> None:
    assert next_kind(at) == kind


def test_a_run_makes_room_for_a_withdrawal() -> None:
    assert goes_on("authorise", Standing(status=BOUND, authorises=True))
    assert not goes_on("authorise", Standing(status=BOUND, authorises=True, withdraws=True))
    assert goes_on("authorise", Standing(status=BOUND, authorises=True, withdraws=True, held_back={"withdraw"}))
    assert not goes_on("authorise", Standing(status="unbinding", authorises=True))
