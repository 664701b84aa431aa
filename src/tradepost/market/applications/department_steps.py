"""Steps from a seller's departments to the current ones, one department per step. No I/O (openapi-jointkit §A.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from tradepost.protocols.sync_commands import Department, SyncFlag

type Tree = Mapping[str, Department]
"""Departments by code."""
type AcknowledgedTree = Mapping[str, Department | None]
"""The seller's departments by code. None for a department whose call failed, so that the seller may have it."""


class Cycle(ValueError):
    """A department is above itself."""


class DepartmentStep(Struct, frozen=True):
    flag: SyncFlag
    department: Department


def department_steps(have: AcknowledgedTree, want: Tree) -> list[DepartmentStep]:
    """Return additions and changes, parents first, then deletions, children first. Raises ``Cycle``.

    Members are synchronised between the two groups (``upserts``, ``deletes``).
    """
    return [*upserts(have, want), *deletes(have, want)]


def upserts(have: AcknowledgedTree, want: Tree) -> list[DepartmentStep]:
    steps = []
    for code in _by_depth(want):
        before, after = have.get(code), want[code]
        if before != after:
            steps.append(DepartmentStep(SyncFlag.ADD if before is None else SyncFlag.MODIFY, after))
    return steps


def deletes(have: AcknowledgedTree, want: Tree) -> list[DepartmentStep]:
    existing = {code: department or Department(code=code, name=code) for code, department in have.items()}
    removed_codes = [code for code in reversed(_by_depth(existing)) if code not in want]
    return [DepartmentStep(SyncFlag.DELETE, existing[code]) for code in removed_codes]


def in_order(want: Tree) -> list[Department]:
    """Return all departments, parents first. Raises ``Cycle``."""
    return [want[code] for code in _by_depth(want)]


def tree_of(departments: Iterable[Department]) -> dict[str, Department]:
    return {department.code: department for department in departments}


def _by_depth(tree: Tree) -> list[str]:
    """Return the codes, top level first. A parent outside the tree counts as the top."""
    depths: dict[str, int] = {}
    for code in tree:
        path = []
        at = code
        while at in tree and at not in depths:
            if at in path:
                raise Cycle(f"department {at} is above itself")
            path.append(at)
            at = tree[at].parent_code
        above = depths.get(at, 0)
        for distance, below in enumerate(reversed(path), 1):
            depths[below] = above + distance
    return sorted(tree, key=lambda code: (depths[code], code))
