"""What is said in both languages is one value (``protocols.text.Text``), not a name and its twin (issue 7, Structure)."""

from __future__ import annotations

import ast

from tests.architecture import source


def test_no_name_has_a_chinese_twin() -> None:
    """Columns of the database keep their ``…_en`` beside the Chinese: they are queried and indexed one by one."""
    twins = []
    for path, text in source.python_saying("_zh", folders=("src",)):
        for node in ast.walk(ast.parse(text)):
            name = getattr(node, "arg", None) or getattr(node, "id", None) or getattr(node, "attr", None) or ""
            if isinstance(name, str) and name.endswith("_zh"):
                twins.append(f"{path}:{node.lineno} {name}")  # type: ignore[attr-defined]  # nodes with a name have a line
    assert twins == []
