"""No module of ours reaches itself by imports, those for types and those inside functions included."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import source
from tests.architecture.import_circles import circles, imports_of

ALLOWED: frozenset[tuple[str, ...]] = frozenset()
"""There is none, and none is added here."""


def test_there_is_no_import_circle() -> None:
    found = circles(imports_of(source.ROOT / "src" / source.PACKAGE))
    new = [circle for circle in found if circle not in ALLOWED]
    assert new == [], "\n".join(" <-> ".join(circle) for circle in new)
    assert ALLOWED - set(found) == set(), "broken by now: take it out of ALLOWED"


@pytest.mark.parametrize(
    "back",
    [
        "import made_up.first\n",
        "from .first import one\n",
        "from . import first\n",
        "from made_up import first\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .first import one\n",
        "def late():\n    from .first import one\n    return one\n",
    ],
)
def test_a_made_up_circle_is_found(back: str, tmp_path: Path) -> None:
    package = _package(tmp_path, first="from .second import two\none = 1\n", second=f"{back}two = 2\n", third="")
    assert circles(imports_of(package)) == [("made_up.first", "made_up.second")]


def test_a_circle_by_way_of_a_third_module_and_of_the_package_is_found(tmp_path: Path) -> None:
    package = _package(
        tmp_path,
        __init__="from .first import one\n",
        first="from .second import two\none = 1\n",
        second="from . import third\ntwo = 2\n",
        third="from made_up import one\n",
    )
    assert circles(imports_of(package)) == [("made_up", "made_up.first", "made_up.second", "made_up.third")]


def test_modules_in_a_line_are_no_circle(tmp_path: Path) -> None:
    package = _package(tmp_path, first="from .second import two\n", second="from .third import three\n", third="")
    assert circles(imports_of(package)) == []


def _package(folder: Path, **modules: str) -> Path:
    package = folder / "made_up"
    package.mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return package
