"""Departments that the rules of a binding cover, including lower departments if the rule says so."""

from __future__ import annotations

from collections.abc import Mapping

from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.tree import Tree

from .models import BoundDepartment, TenantBinding


def covered_departments(binding: TenantBinding) -> list[int]:
    """Return the keys of departments whose members may use the application. Fetch the enterprise beforehand."""
    rules = rules_of(binding)
    if not any(rules.values()):
        return sorted(rules)
    return sorted(departments_within(tree_of(binding.enterprise), rules))


def rules_of(binding: TenantBinding) -> dict[int, bool]:
    """Return by department whether the rule also covers lower departments."""
    bound_departments = BoundDepartment.objects.filter(binding=binding, department__removed_at=None)
    return dict(bound_departments.values_list("department_id", "below"))


def departments_within(tree: Tree, rules: Mapping[int, bool]) -> set[int]:
    """Return the keys of all departments that these rules cover."""
    keys = set[int]()
    for key, below in rules.items():
        keys |= tree.within(key) if below else {key}
    return keys


def covering_department(tree: Tree, rules: Mapping[int, bool], department: int) -> int | None:
    """Return the department whose rule covers this one: itself or the nearest above; None if no rule does."""
    above = (key for key in tree.above(department)[1:] if rules.get(key))  # none in an empty tree
    return department if department in rules else next(above, None)
