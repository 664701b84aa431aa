"""From the departments that a seller has to those that there are, one at a time (openapi-jointkit §A.8). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from tradepost.protocols.sync_commands import Department, SyncFlag

type Tree = Mapping[str, Department]
"""Departments by their code."""
type Have = Mapping[str, Department | None]
"""The same as far as it is known: None for one of which a call failed so that the seller may have it."""


class Cycle(ValueError):
    """A department is above itself."""


class DepartmentStep(Struct, frozen=True):
    flag: SyncFlag
    department: Department


def department_steps(have: Have, want: Tree) -> list[DepartmentStep]:
    """What is added and modified, parents first; then what is deleted, children first. People are told between the two
    (``upserts``, ``deletes``). Raises ``Cycle`` for a tree that is none."""
    return [*upserts(have, want), *deletes(have, want)]


def upserts(have: Have, want: Tree) -> list[DepartmentStep]:
    steps = []
    for code in _by_depth(want):
        before, after = have.get(code), want[code]
        if before != after:
            steps.append(DepartmentStep(SyncFlag.ADD if before is None else SyncFlag.MODIFY, after))
    return steps


def deletes(have: Have, want: Tree) -> list[DepartmentStep]:
    left = {code: known or Department(code=code, name=code) for code, known in have.items()}
    gone = [code for code in reversed(_by_depth(left)) if code not in want]
    return [DepartmentStep(SyncFlag.DELETE, left[code]) for code in gone]


def in_order(want: Tree) -> list[Department]:
    """All of them, parents first. Raises ``Cycle``."""
    return [want[code] for code in _by_depth(want)]


def tree_of(departments: Iterable[Department]) -> dict[str, Department]:
    return {one.code: one for one in departments}


def _by_depth(tree: Tree) -> list[str]:
    """Codes, those at the top first; a parent that is not in the tree counts as the top."""
    depths: dict[str, int] = {}
    for code in tree:
        way = []
        at = code
        while at in tree and at not in depths:
            if at in way:
                raise Cycle(f"department {at} is above itself")
            way.append(at)
            at = tree[at].parent_code
        above = depths.get(at, 0)
        for place, below in enumerate(reversed(way), 1):
            depths[below] = above + place
    return sorted(tree, key=lambda code: (depths[code], code))
