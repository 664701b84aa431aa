"""How ``make test`` decides (docs/decisions/0116), on small suites: what is repeated, what is red, and what two clones have in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import gate
from tests.architecture.source import ROOT

FAILS_ONCE = """
from pathlib import Path

def test_passes_at_its_second_try():
    mark = Path(__file__).with_suffix(".tried")
    tried = mark.exists()
    mark.touch()
    assert tried, "the first try fails"
"""
FAILS = "def test_fails():\n    assert 1 == 2, 'always'\n"
PASSES = "def test_passes():\n    pass\n"
HANGS = "import threading\n\ndef test_hangs():\n    threading.Event().wait()\n"
LEAN = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_ADDOPTS": "-p xdist.plugin -p pytest_timeout -p no:cacheprovider",
}
"""Only the plugins that these suites need, which starts them sooner."""


def decide(
    root: Path, capfd: pytest.CaptureFixture[str], *arguments: str, files: dict[str, str], repeats: bool = True
) -> tuple[int, str]:
    """Return the exit code of a gate over these test files, and what it printed."""
    for name, text in files.items():
        (root / f"test_{name}.py").write_text(text, encoding="utf-8")
    runs = gate.Gate(root=root, repeats=repeats)
    runs.run("Tests", arguments, LEAN)
    code = runs.close()
    return code, capfd.readouterr().out


def flaky(root: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = json.loads((root / ".cache/flaky.json").read_text("utf-8"))
    return rows


def test_a_green_run_prints_its_cost_and_names_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, output = decide(tmp_path, capfd, files={"passes": PASSES})
    assert code == 0
    assert "Processor time: " in output
    assert " s  test_passes.py" in output
    assert "Depends on" not in output
    assert flaky(tmp_path) == []


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_test_that_fails_once_is_green_and_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], workers: str
) -> None:
    code, output = decide(tmp_path, capfd, "-n", workers, files={"once": FAILS_ONCE, "passes": PASSES})
    assert code == 0, output
    name = "test_once.py::test_passes_at_its_second_try"
    assert f"Depends on load, order or chance (1):\n  {name} (Tests)" in output
    [row] = flaky(tmp_path)
    assert (row["test"], row["run"]) == (name, "Tests")
    assert "the first try fails" in row["first"]
    assert "1 passed" in row["second"]


def test_a_test_that_fails_twice_is_red(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, output = decide(tmp_path, capfd, files={"always": FAILS, "once": FAILS_ONCE})
    assert code == 1
    assert "FAILED Tests: test_always.py::test_fails (failed twice)" in output
    assert [row["test"] for row in flaky(tmp_path)] == ["test_once.py::test_passes_at_its_second_try"]


@pytest.mark.parametrize(("number", "code"), [(gate.MAX_FLAKY, 0), (gate.MAX_FLAKY + 1, 1)])
def test_more_than_five_tests_that_fail_once_are_red(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    found, output = decide(tmp_path, capfd, files={f"once_{n}": FAILS_ONCE for n in range(number)})
    assert found == code, output
    assert ("FAILED 6 tests passed only when repeated alone; at most 5 may" in output) == bool(code)
    assert len(flaky(tmp_path)) == number


def test_many_failures_are_not_repeated(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    many = "".join(f"def test_{n}():\n    assert False\n\n" for n in range(gate.MAX_REPEATED + 1))
    code, output = decide(tmp_path, capfd, files={"many": many})
    assert code == 1
    assert "Once more" not in output
    assert output.count("FAILED Tests: ") == gate.MAX_REPEATED + 1


def test_a_soak_repeats_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, output = decide(tmp_path, capfd, repeats=False, files={"once": FAILS_ONCE})
    assert code == 1
    assert "FAILED Tests: test_once.py::test_passes_at_its_second_try" in output


def test_a_module_that_cannot_be_imported_is_red(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, output = decide(tmp_path, capfd, files={"broken": "import no_such_module\n", "passes": PASSES})
    assert code == 1
    assert "FAILED Tests: test_broken.py could not be loaded" in output


def test_a_test_without_an_end_is_killed_with_its_stack(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, output = decide(
        tmp_path, capfd, "-n", "2", "--timeout=1", files={"hangs": HANGS, "passes": PASSES}, repeats=False
    )
    assert code == 1
    assert "FAILED Tests: test_hangs.py::test_hangs" in output
    assert "threading.Event().wait()" in output


def test_two_clones_of_two_commits_run_the_same_tests_with_the_same_values(tmp_path: Path) -> None:
    """Neither the history nor the clock chooses: the number of the commit chose a tenth of the slow tests, and the seed."""
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "conftest.py").write_text(
        "from tests import selection\n\n"
        "def pytest_collection_modifyitems(items):\n    items[:] = selection.select(items, 'postgres')\n"
    )
    (origin / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n    slow\n    soak\n    postgres\n    sqlite\n    django_db\n"
    )
    (origin / "test_values.py").write_text(
        "import pytest\nfrom tests import sampling\n\n"
        "@pytest.mark.parametrize('n', range(9))\ndef test_values(n):\n"
        "    with open('values', 'a') as file:\n"
        "        print(n, sampling.SEED, sampling.sample(range(1000)), sampling.GATE, file=file)\n\n"
        "@pytest.mark.slow\n@pytest.mark.parametrize('n', range(50))\ndef test_slow(n):\n"
        "    open('values', 'a').write('slow')\n"
    )
    _git(origin, "init", "-q")
    drawn = []
    for commit in "ab":
        _git(origin, "add", "-A")
        _git(origin, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", commit, "--allow-empty")
        clone = tmp_path / commit
        _git(tmp_path, "clone", "-q", str(origin), str(clone))
        program = (
            "import functools, sys; from pathlib import Path; sys.argv[1:] = []\n"
            "from scripts import run_tests\nfrom tests import gate\n"
            "run_tests.gate.Gate = functools.partial(gate.Gate, root=Path.cwd())\n"
            "run_tests._databases = lambda: ['postgres']\n"
            "raise SystemExit(run_tests.main())"
        )
        bare = {name: value for name, value in os.environ.items() if not name.startswith(("TRADEPOST_", "PYTEST_"))}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=clone, env=bare | LEAN | {"PYTHONPATH": str(ROOT), "CI": ""},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        drawn.append(sorted((clone / "values").read_text().splitlines()))
    assert len(drawn[0]) == 9
    assert drawn[0] == drawn[1]


def _git(folder: Path, *command: str) -> None:
    subprocess.run(["git", *command], cwd=folder, check=True, timeout=60)
