"""A text in both languages is one value (``protocols.text.Text``), not two names (issue 7, Structure)."""

from __future__ import annotations

import ast

from tests.architecture import source


def test_no_name_has_a_chinese_twin() -> None:
    """Columns of the database keep their ``…_en`` beside the Chinese: they are queried and indexed separately."""
    twins = []
    for path, text in source.python_containing("_zh", folders=("src",)):
        for node in ast.walk(ast.parse(text)):
            name = getattr(node, "arg", None) or getattr(node, "id", None) or getattr(node, "attr", None) or ""
            if isinstance(name, str) and name.endswith("_zh"):
                twins.append(f"{path}:{node.lineno} {name}")  # type: ignore[attr-defined]  # nodes with a name have a line
    assert twins == []
