"""Departments of an enterprise as a directory names them: by code, by path from the top, or by a name that only one has."""

from __future__ import annotations

from collections import Counter

from tradepost.market.organisations import queries
from tradepost.market.organisations.departments import tree_of
from tradepost.market.organisations.import_judge import PATH_SIGN, names_of_departments
from tradepost.market.organisations.models import Enterprise

from .errors import wrong_value


class Places:
    """Read once a call: two statements, however many people are told of."""

    def __init__(self, enterprise: Enterprise) -> None:
        tree = tree_of(enterprise)
        self._paths = {one.node.key: PATH_SIGN.join(one.path) for one in tree.placed()}
        self._top = [one.key for one in tree.children.get(None, ())]
        names = Counter(one.name.casefold() for one in tree.nodes.values())
        alone = {one.name.casefold(): one.key for one in tree.nodes.values() if names[one.name.casefold()] == 1}
        self._known = alone | names_of_departments(queries.codes_of(enterprise), tree)

    def path(self, key: int) -> str:
        return self._paths.get(key, "")

    def find(self, said: str) -> int | None:
        """None where no department, or more than one, has this name."""
        return self._known.get(PATH_SIGN.join(part.strip() for part in said.split(PATH_SIGN)).casefold())

    def for_newcomers(self, named: str) -> int:
        """The department at the top, for a person whose department is not known. ``named``: how the directory named it, if it did.
        Raises ``ScimError`` if the enterprise has several at the top."""
        if len(self._top) == 1:
            return self._top[0]
        if not named:
            raise wrong_value("The department is missing, and the enterprise has several at the top.")
        words = (
            "is not the code, the path or the unique name of a department, and the enterprise has several at the top."
        )
        raise wrong_value(f"The department “{named}” {words}")
