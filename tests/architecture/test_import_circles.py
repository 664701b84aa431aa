"""No module imports itself indirectly, including imports for types and inside functions."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture import source
from tests.architecture.import_circles import circles, imports_of

ALLOWED: frozenset[tuple[str, ...]] = frozenset()
"""There is none, and none may be added."""


def test_there_is_no_import_cycle() -> None:
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
def test_direct_cycle_is_found(back: str, tmp_path: Path) -> None:
    package = _package(tmp_path, first="from .second import two\none = 1\n", second=f"{back}two = 2\n", third="")
    assert circles(imports_of(package)) == [("made_up.first", "made_up.second")]


def test_cycle_through_a_third_module_and_the_package_is_found(tmp_path: Path) -> None:
    package = _package(
        tmp_path,
        __init__="from .first import one\n",
        first="from .second import two\none = 1\n",
        second="from . import third\ntwo = 2\n",
        third="from made_up import one\n",
    )
    assert circles(imports_of(package)) == [("made_up", "made_up.first", "made_up.second", "made_up.third")]


def test_modules_in_a_line_are_not_a_cycle(tmp_path: Path) -> None:
    package = _package(tmp_path, first="from .second import two\n", second="from .third import three\n", third="")
    assert circles(imports_of(package)) == []


def _package(folder: Path, **modules: str) -> Path:
    package = folder / "made_up"
    package.mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (package / f"{name}.py").write_text(text, encoding="utf-8")
    return package
