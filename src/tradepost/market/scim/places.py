"""Departments as a directory names them: by code, by path from the top, or by unique name."""

from __future__ import annotations

from collections import Counter

from tradepost.market.organisations import queries
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.import_judge import PATH_SEPARATOR, names_of_departments
from tradepost.market.organisations.models import Enterprise

from .errors import invalid_value


class Departments:
    """Departments of an enterprise, read with two queries per call."""

    def __init__(self, enterprise: Enterprise) -> None:
        tree = tree_of(enterprise)
        self._paths = {department.node.key: PATH_SEPARATOR.join(department.path) for department in tree.placed()}
        self._top = [department.key for department in tree.children.get(None, ())]
        names = Counter(department.name.casefold() for department in tree.nodes.values())
        unique = {
            department.name.casefold(): department.key
            for department in tree.nodes.values()
            if names[department.name.casefold()] == 1
        }
        self._known = unique | names_of_departments(queries.codes_of(enterprise), tree)

    def path(self, key: int) -> str:
        return self._paths.get(key, "")

    def find(self, name: str) -> int | None:
        """Return the department with this code, path or unique name, or None."""
        return self._known.get(PATH_SEPARATOR.join(part.strip() for part in name.split(PATH_SEPARATOR)).casefold())

    def for_newcomers(self, name: str) -> int:
        """Return the top department for a person without a known department. ``name``: the directory's name for it, if
        any.

        Raises ``ScimError`` if the enterprise has several top departments.
        """
        if len(self._top) == 1:
            return self._top[0]
        if not name:
            raise invalid_value("The department is missing, and the enterprise has several at the top.")
        words = (
            "is not the code, the path or the unique name of a department, and the enterprise has several at the top."
        )
        raise invalid_value(f"The department “{name}” {words}")
