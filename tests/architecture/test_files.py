"""Rules for the files of the repository: their length, what they must not contain, and two READMEs that agree."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests import waiting
from tests.architecture import source

MAX_LINES = 400
LONG_FOR_A_REASON: dict[str, str] = {}
"""Files above the limit, each with the reason."""

# Split in two, so that this file does not find itself.
HOSTS = ("registry." + "npmjs", "files." + "pythonhosted", "pypi." + "org", "deb." + "debian", "index" + "-url")
PLACES = ("/" + "root/", "/" + "work/", "/" + "home/", "/" + "Users/")
NOT_TEXT = {".png", ".jpg", ".webp", ".ico", ".gz", ".xz", ".zip"}


def test_files_are_small() -> None:
    lengths = {str(path): _lines(path) for path in source.python_files("src", "tests", "scripts", "bench", "examples")}
    long = {path for path, lines in lengths.items() if lines > MAX_LINES}
    assert long == set(LONG_FOR_A_REASON)
    assert all(reason.strip() for reason in LONG_FOR_A_REASON.values())


def _lines(path: Path) -> int:
    return len((source.ROOT / path).read_text(encoding="utf-8").splitlines())


def test_every_module_starts_with_a_docstring() -> None:
    silent = [
        str(path)
        for path in source.python_files("src", "bench", "scripts", "examples")
        if (text := (source.ROOT / path).read_text(encoding="utf-8")).strip() and not ast.get_docstring(ast.parse(text))
    ]
    assert silent == []


def test_no_file_names_a_registry_or_a_local_path() -> None:
    words = re.compile("|".join(rf"(?<![\w.]){re.escape(word)}" for word in (*HOSTS, *PLACES)))
    texts = (
        (path, (source.ROOT / path).read_text(encoding="utf-8"))
        for path in source.tracked_files()
        if path.suffix not in NOT_TEXT
    )
    told = [
        f"{path}:{number}: {line.strip()[:80]}"
        for path, text in texts
        if any(word in text for word in (*HOSTS, *PLACES))
        for number, line in enumerate(text.splitlines(), start=1)
        if words.search(line) and not line.startswith("#    uv pip compile")
    ]
    assert told == []


def test_front_end_packages_are_pinned_without_addresses() -> None:
    package = json.loads((source.ROOT / "package.json").read_text(encoding="utf-8"))
    lock = json.loads((source.ROOT / "package-lock.json").read_text(encoding="utf-8"))
    wanted = package["dependencies"] | package["devDependencies"]
    assert [version for version in wanted.values() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert [name for name, entry in lock["packages"].items() if name and "integrity" not in entry] == []


@pytest.mark.parametrize("pair", [("README.md", "README.zh-CN.md")], ids=lambda pair: pair[0])
def test_both_languages_have_the_same_sections(pair: tuple[str, str]) -> None:
    english, chinese = (_outline(Path(name)) for name in pair)
    assert english == chinese
    assert len(english) > 1


def _outline(path: Path) -> list[int]:
    """Return the level of each heading, without code blocks."""
    prose = re.sub(r"(?ms)^```.*?^```", "", (source.ROOT / path).read_text(encoding="utf-8"))
    return [len(marks) for marks in re.findall(r"(?m)^(#+) ", prose)]


def test_no_symbolic_link_is_tracked() -> None:
    """It would point to a path of one machine."""
    listed = subprocess.run(
        ["git", "ls-files", "--stage"],
        cwd=source.ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=waiting.PROGRAM_TIMEOUT,
    ).stdout
    assert [line for line in listed.splitlines() if line.startswith("120000")] == []
