"""Departments as a tree (openapi-jointkit §A.8): a parent is never below its child. Pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.organisations.tree import Node, Tree

#        1        5
#      2   3
#      4
SMALL_TREE = Tree.of(
    [Node(1, None, "总部"), Node(2, 1, "研发"), Node(3, 1, "市场"), Node(4, 2, "前端"), Node(5, None, "分部")]
)


def test_tree_is_read_from_the_top() -> None:
    assert [(place.depth, "/".join(place.path)) for place in SMALL_TREE.placed()] == [
        (0, "分部"), (0, "总部"), (1, "总部/市场"), (1, "总部/研发"), (2, "总部/研发/前端"),
    ]  # fmt: skip
    assert SMALL_TREE.within(2) == {2, 4}
    assert SMALL_TREE.above(4) == [4, 2, 1]


def test_move_below_itself_is_a_cycle() -> None:
    assert [parent for parent in (None, 1, 2, 3, 4, 5) if SMALL_TREE.makes_circle(1, parent)] == [1, 2, 3, 4]
    assert [parent for parent in (None, 1, 2, 3, 4, 5) if SMALL_TREE.makes_circle(2, parent)] == [2, 4]
    assert not SMALL_TREE.makes_circle(4, None)


def test_depth_after_a_move() -> None:
    assert [SMALL_TREE.depth_below(parent) for parent in (None, 1, 2, 4)] == [1, 2, 3, 4]
    assert SMALL_TREE.depth_below(5, 1) == 4, "three levels below the new parent"
    assert SMALL_TREE.depth_below(5, 3) == 2


@given(st.lists(st.tuples(st.integers(1, 12), st.none() | st.integers(1, 12)), max_size=60))
def test_random_moves_keep_a_tree(moves: list[tuple[int, int | None]]) -> None:
    parents: dict[int, int | None] = dict.fromkeys(range(1, 13))
    for key, parent in moves:
        tree = Tree.of(Node(number, above, str(number)) for number, above in parents.items())
        if not tree.makes_circle(key, parent):
            parents[key] = parent
    tree = Tree.of(Node(number, above, str(number)) for number, above in parents.items())
    placed = tree.placed()
    assert {place.node.key for place in placed} == set(parents), "each is reached from the top exactly once"
    assert len(placed) == len(parents)
    assert all(len(place.path) == place.depth + 1 == len(tree.above(place.node.key)) for place in placed)
    assert max(place.depth for place in placed) + 1 == max(tree.depth_below(parents[key], key) for key in parents)
