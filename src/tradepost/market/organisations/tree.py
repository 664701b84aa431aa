"""A tree of departments as codes and parents: paths, order, and what a move would do. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field


class Node(Struct, frozen=True):
    """A department. ``parent`` is the key of another, None at the top."""

    key: int
    parent: int | None
    name: str


class Placed(Struct, frozen=True):
    """A node where it stands in the tree."""

    node: Node
    depth: int
    """0 at the top."""
    path: tuple[str, ...]
    """Names from the top to the node, its own last."""


class Tree(Struct, frozen=True):
    """Built once from all nodes of an enterprise."""

    nodes: Mapping[int, Node]
    children: Mapping[int | None, Sequence[Node]] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Tree:
        """Children are sorted by name."""
        known = {node.key: node for node in nodes}
        below: defaultdict[int | None, list[Node]] = defaultdict(list)
        for node in sorted(known.values(), key=lambda one: (one.name, one.key)):
            below[node.parent].append(node)
        return cls(known, below)

    def placed(self) -> list[Placed]:
        """All, each below its parent: as one reads a tree. Nothing recurses, so that no depth is too deep."""
        found: list[Placed] = []
        waiting: list[tuple[Node, int, tuple[str, ...]]] = [
            (node, 0, ()) for node in reversed(self.children.get(None, ()))
        ]
        while waiting:
            node, depth, above = waiting.pop()
            one = Placed(node, depth, (*above, node.name))
            found.append(one)
            waiting += [(child, depth + 1, one.path) for child in reversed(self.children.get(node.key, ()))]
        return found

    def within(self, key: int) -> set[int]:
        """A node and all below it."""
        found, waiting = set[int](), [key]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += [child.key for child in self.children.get(one, ())]
        return found

    def above(self, key: int | None) -> list[int]:
        """The node's own key, its parent's and so on, to the top."""
        found: list[int] = []
        while key is not None and key in self.nodes and key not in found:
            found.append(key)
            key = self.nodes[key].parent
        return found

    def makes_circle(self, key: int, parent: int | None) -> bool:
        """Whether a node below this parent would stand below itself."""
        return parent is not None and parent in self.within(key)

    def depth_below(self, parent: int | None, key: int | None = None) -> int:
        """How many levels the tree has at its deepest in what ``key`` heads, once that stands below ``parent``; of a new
        node where ``key`` is None."""
        own = len(self.above(parent))
        if key is None:
            return own + 1
        level, most = {key: 1}, 1
        for one in self.placed():
            if one.node.parent in level and one.node.key != key:
                level[one.node.key] = level[one.node.parent] + 1
                most = max(most, level[one.node.key])
        return own + most
