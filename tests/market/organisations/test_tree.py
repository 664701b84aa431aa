"""Departments as a tree (openapi-jointkit §A.8): a parent never stands below its child. Pure."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradepost.market.organisations.tree import Node, Tree

#        1        5
#      2   3
#      4
SMALL = Tree.of(
    [Node(1, None, "总部"), Node(2, 1, "研发"), Node(3, 1, "市场"), Node(4, 2, "前端"), Node(5, None, "分部")]
)


def test_a_tree_is_read_from_the_top_each_below_its_parent() -> None:
    assert [(one.depth, "/".join(one.path)) for one in SMALL.placed()] == [
        (0, "分部"), (0, "总部"), (1, "总部/市场"), (1, "总部/研发"), (2, "总部/研发/前端"),
    ]  # fmt: skip
    assert SMALL.within(2) == {2, 4}
    assert SMALL.above(4) == [4, 2, 1]


def test_a_node_below_itself_is_a_circle() -> None:
    assert [parent for parent in (None, 1, 2, 3, 4, 5) if SMALL.makes_circle(1, parent)] == [1, 2, 3, 4]
    assert [parent for parent in (None, 1, 2, 3, 4, 5) if SMALL.makes_circle(2, parent)] == [2, 4]
    assert not SMALL.makes_circle(4, None)


def test_depths_are_those_after_the_move() -> None:
    assert [SMALL.depth_below(parent) for parent in (None, 1, 2, 4)] == [1, 2, 3, 4]
    assert SMALL.depth_below(5, 1) == 4, "three levels below another"
    assert SMALL.depth_below(5, 3) == 2


@given(st.lists(st.tuples(st.integers(1, 12), st.none() | st.integers(1, 12)), max_size=60))
def test_whatever_is_moved_the_tree_stays_a_tree(moves: list[tuple[int, int | None]]) -> None:
    parents: dict[int, int | None] = dict.fromkeys(range(1, 13))
    for key, parent in moves:
        tree = Tree.of(Node(one, above, str(one)) for one, above in parents.items())
        if not tree.makes_circle(key, parent):
            parents[key] = parent
    tree = Tree.of(Node(one, above, str(one)) for one, above in parents.items())
    placed = tree.placed()
    assert {one.node.key for one in placed} == set(parents), "each is reached from the top, once"
    assert len(placed) == len(parents)
    assert all(len(one.path) == one.depth + 1 == len(tree.above(one.node.key)) for one in placed)
    assert max(one.depth for one in placed) + 1 == max(tree.depth_below(parents[key], key) for key in parents)
