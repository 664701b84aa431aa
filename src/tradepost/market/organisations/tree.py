"""A tree of departments by keys and parents: paths, order, and the effect of a move. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field


class Node(Struct, frozen=True):
    """A department. ``parent`` is the key of another, None at the top."""

    key: int
    parent: int | None
    name: str


class PlacedNode(Struct, frozen=True):
    """A node with its position in the tree."""

    node: Node
    depth: int
    """0 at the top."""
    path: tuple[str, ...]
    """Names from the top to the node, which comes last."""


class Tree(Struct, frozen=True):
    """Built once from all nodes of an enterprise."""

    nodes: Mapping[int, Node]
    children: Mapping[int | None, Sequence[Node]] = field(default_factory=dict)

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Tree:
        """Build the tree, with children sorted by name."""
        by_key = {node.key: node for node in nodes}
        children: defaultdict[int | None, list[Node]] = defaultdict(list)
        for node in sorted(by_key.values(), key=lambda child: (child.name, child.key)):
            children[node.parent].append(node)
        return cls(by_key, children)

    def placed(self) -> list[PlacedNode]:
        """Return all nodes in display order, each below its parent. Not recursive, so any depth works."""
        result: list[PlacedNode] = []
        waiting_nodes: list[tuple[Node, int, tuple[str, ...]]] = [
            (node, 0, ()) for node in reversed(self.children.get(None, ()))
        ]
        while waiting_nodes:
            node, depth, ancestors = waiting_nodes.pop()
            placed_node = PlacedNode(node, depth, (*ancestors, node.name))
            result.append(placed_node)
            waiting_nodes += [
                (child, depth + 1, placed_node.path) for child in reversed(self.children.get(node.key, ()))
            ]
        return result

    def within(self, key: int) -> set[int]:
        """Return a node and all nodes below it."""
        keys, waiting_keys = set[int](), [key]
        while waiting_keys:
            current_key = waiting_keys.pop()
            if current_key not in keys:
                keys.add(current_key)
                waiting_keys += [child.key for child in self.children.get(current_key, ())]
        return keys

    def above(self, key: int | None) -> list[int]:
        """Return the node's own key, its parent's and so on, up to the top."""
        keys: list[int] = []
        while key is not None and key in self.nodes and key not in keys:
            keys.append(key)
            key = self.nodes[key].parent
        return keys

    def makes_circle(self, key: int, parent: int | None) -> bool:
        """Return whether moving a node below this parent would create a cycle."""
        return parent is not None and parent in self.within(key)

    def depth_below(self, parent: int | None, key: int | None = None) -> int:
        """Return the levels of the tree along the subtree of ``key``, if it were below ``parent``. For a new node,
        ``key`` is None."""
        levels_above = len(self.above(parent))
        if key is None:
            return levels_above + 1
        levels, deepest = {key: 1}, 1
        for placed_node in self.placed():
            if placed_node.node.parent in levels and placed_node.node.key != key:
                levels[placed_node.node.key] = levels[placed_node.node.parent] + 1
                deepest = max(deepest, levels[placed_node.node.key])
        return levels_above + deepest
