"""Rules of the calls to sellers, as pure functions, by the tables of design joint.md §4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.applications.batches import batches
from tradepost.market.applications.department_steps import Cycle, department_steps, tree_of
from tradepost.market.applications.desired import UNKNOWN, flags_of, is_authorised, member_flag, upsert_flag
from tradepost.market.applications.lanes import Kind, SyncState, continues, next_kind
from tradepost.protocols.sync_commands import Department, SyncFlag

ADD, MODIFY, DELETE, CANCEL = SyncFlag.ADD, SyncFlag.MODIFY, SyncFlag.DELETE, SyncFlag.CANCEL_AUTHORISATION
V2, V1 = flags_of("joint_kit_v2"), flags_of("joint_kit_v1")


def test_flags_of_the_generations_follow_their_tables() -> None:
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
def test_change_of_one_member_has_its_flag(
    acked: str, is_wanted: bool, removed: bool, v2: SyncFlag | None, v1: SyncFlag | None
) -> None:
    def flag_sent(words: frozenset[SyncFlag], unauthorise: SyncFlag = CANCEL) -> SyncFlag | None:
        return member_flag(
            acked=acked, digest="now", wanted=is_wanted, removed=removed, words=words, unauthorise=unauthorise
        )

    assert (flag_sent(V2.people), flag_sent(V1.people)) == (v2, v1)
    assert flag_sent(V2.people, DELETE) == (DELETE if v2 is CANCEL else v2)


def test_modified_enterprise_is_sent_where_the_generation_allows_it() -> None:
    """§A.5: "V2: 0 delete, 1 add, 2 modify … V1: 0/1"."""
    assert upsert_flag("old", "now", V2.tenant) is MODIFY
    assert upsert_flag("old", "now", V1.tenant) is ADD
    assert upsert_flag(UNKNOWN, "now", V2.tenant) is ADD
    assert upsert_flag("now", "now", V2.tenant) is None


@pytest.mark.parametrize("binding", [True, False])
@pytest.mark.parametrize("member", [True, False])
@pytest.mark.parametrize("by_hand", [True, False])
@pytest.mark.parametrize("group", [True, False])
def test_right_of_a_member_follows_binding_and_choices(binding: bool, member: bool, by_hand: bool, group: bool) -> None:
    result = is_authorised(living_binding=binding, living_member=member, by_hand=by_hand, in_bound_group=group)
    assert result == (binding and member and (by_hand or group))


def sizes(changes: list[SyncFlag]) -> list[tuple[SyncFlag, int]]:
    return [(of, len(some)) for of, some in batches([(of, None) for of in changes], size=500)]


def test_batches_have_one_flag_and_removals_come_first() -> None:
    changes = [ADD] * 1203 + [MODIFY] * 2 + [CANCEL] * 40
    assert sizes(changes) == [(CANCEL, 40), (MODIFY, 2), (ADD, 500), (ADD, 500), (ADD, 203)]


@pytest.mark.parametrize(("people", "calls"), [(0, 0), (500, 1), (501, 2), (100_000, 200)])
def test_number_of_calls_follows_the_number_of_people(people: int, calls: int) -> None:
    assert len(sizes([ADD] * people)) == calls


def tree(**parents: str) -> dict[str, Department]:
    """Departments from ``D2="D1"``; the name follows a point."""
    return tree_of(
        Department(code=code, name=above.partition(".")[2] or code, parent_code=above.partition(".")[0])
        for code, above in parents.items()
    )


def test_departments_are_added_top_down_and_deleted_bottom_up() -> None:
    have = tree(D1="", D2="D1", D3="D2", D4="")
    want = tree(D1="", D5="D1", D2="D5.renamed", D3="D5")
    steps = [(step.flag, step.department.code) for step in department_steps(have, want)]
    assert steps == [(ADD, "D5"), (MODIFY, "D2"), (MODIFY, "D3"), (DELETE, "D4")]


def test_unknown_department_is_added_or_deleted() -> None:
    steps = [(step.flag, step.department.code) for step in department_steps({"A": None, "B": None}, tree(A=""))]
    assert steps == [(ADD, "A"), (DELETE, "B")]


@pytest.mark.parametrize("parents", [{"A": "A"}, {"A": "B", "B": "A"}, {"X": "A", "A": "B", "B": "C", "C": "A"}])
def test_cycle_of_departments_is_refused(parents: dict[str, str]) -> None:
    with pytest.raises(Cycle):
        department_steps({}, tree(**parents))


CODES = st.sampled_from("ABCDEF")


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Department]:
    codes = draw(st.permutations("ABCDEF"))[: draw(st.integers(0, 6))]
    departments = {}
    for index, code in enumerate(codes):
        parent = draw(st.sampled_from(["", *codes[:index]]))
        departments[code] = Department(code=code, name=draw(st.sampled_from("xy")), parent_code=parent)
    return departments


@given(trees(), trees())
def test_steps_turn_the_known_tree_into_the_wanted_one(
    have: dict[str, Department], want: dict[str, Department]
) -> None:
    known = dict(have)
    for step in department_steps(have, want):
        department = step.department
        if step.flag is DELETE:
            assert all(other.parent_code != department.code for other in known.values()), "children first"
            del known[department.code]
        else:
            assert not department.parent_code or department.parent_code in known, "parents first"
            assert (department.code in known) == (step.flag is MODIFY)
            known[department.code] = department
    assert known == want


BOUND = "bound"


@pytest.mark.parametrize(
    ("at", "kind"),
    [
        (SyncState(status="binding", introduces=True), Kind.BIND),
        (SyncState(status="stopped", introduces=True), None),
        (SyncState(status=BOUND), None),
        (SyncState(status=BOUND, running=True, withdraws=True), None),
        (SyncState(status=BOUND, withdraws=True, authorises=True, raises=True, introduces=True), Kind.WITHDRAW),
        (SyncState(status=BOUND, authorises=True, raises=True, introduces=True), Kind.BIND),
        (SyncState(status=BOUND, authorises=True, raises=True), Kind.DEPARTMENTS),
        (SyncState(status=BOUND, authorises=True, clears=True), Kind.AUTHORISE),
        (SyncState(status=BOUND, clears=True), Kind.DEPARTMENTS),
        (SyncState(status=BOUND, authorises=True, held_back={"authorise"}), None),
        (SyncState(status=BOUND, authorises=True, withdraws=True, held_back={"authorise"}), Kind.WITHDRAW),
        (SyncState(status=BOUND, authorises=True, raises=True, held_back={"departments"}), Kind.AUTHORISE),
        (SyncState(status="unbinding", authorises=True), Kind.UNBIND),
        (SyncState(status="unbinding", held_back={"unbind"}), None),
        (SyncState(status="unbound", authorises=True), None),
    ],
)
def test_next_call_follows_the_state(at: SyncState, kind: str | None) -> None:
    assert next_kind(at) == kind


def test_run_is_interrupted_by_a_withdrawal() -> None:
    assert continues("authorise", SyncState(status=BOUND, authorises=True))
    assert not continues("authorise", SyncState(status=BOUND, authorises=True, withdraws=True))
    assert continues("authorise", SyncState(status=BOUND, authorises=True, withdraws=True, held_back={"withdraw"}))
    assert not continues("authorise", SyncState(status="unbinding", authorises=True))
