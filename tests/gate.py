"""Run a suite with pytest and decide whether it passes (docs/decisions/0116).

A test that fails runs once more, alone, in a fresh process. If it fails again, the run is red. If it passes, the run stays green
and names the test under *Depends on load, order or chance*, unless more than ``MAX_FLAKY`` tests do that.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests import reporting, waiting

ROOT = Path(__file__).resolve().parent.parent
NO_TESTS = 5
"""Exit code of pytest for a run without a test."""
MAX_FLAKY = 5
MAX_REPEATED = 20
"""If more tests fail, the cause is not chance: they are not repeated."""
TIMEOUT = 180
"""Seconds that a test may take, outside a soak."""
MAX_RUN = 5_400
"""Seconds that one pytest process may take. A run that exceeds it is killed, and red."""
COSTLIEST = 10
"""Number of files that the summary lists."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pytest process reported. ``code`` is its exit code."""

    code: int
    failed: Mapping[str, str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    passed: int = 0
    cpu: Mapping[str, float] = field(default_factory=dict)
    output: str = ""


@dataclass(frozen=True, slots=True)
class Flaky:
    """A test that failed in the run and passed alone."""

    test: str
    run: str
    first: str
    second: str


@dataclass(slots=True)
class Gate:
    """Runs of one suite, and what they found so far. ``root`` is the folder of the suite."""

    root: Path = ROOT
    repeats: bool = True
    red: list[str] = field(default_factory=list)
    flaky: list[Flaky] = field(default_factory=list)
    cpu: Counter[str] = field(default_factory=Counter)

    def run(self, title: str, arguments: Sequence[str], settings: Mapping[str, str]) -> int:
        """Run pytest, repeat what failed, and return the exit code of the first process."""
        print(f"\n{title}", flush=True)
        outcome = self._pytest(arguments, settings)
        self.cpu.update(outcome.cpu)  # seconds
        self.red += [f"{title}: {name} could not be loaded" for name in outcome.broken]
        repeatable = self.repeats and 0 < len(outcome.failed) <= MAX_REPEATED
        for test, first in outcome.failed.items():
            if not repeatable:
                self.red.append(f"{title}: {test}")
                continue
            print(f"\nOnce more, alone: {test}", flush=True)
            again = self._pytest(["-n", "0", "-q", test], settings, quiet=True)
            if again.code == 0:
                self.flaky.append(Flaky(test, title, first, again.output))
            else:
                self.red.append(f"{title}: {test} (failed twice)")
                print(again.output[-20_000:])
        if outcome.code not in {0, 1, NO_TESTS}:
            self.red.append(f"{title}: pytest ended with exit code {outcome.code}")
        elif outcome.code == 1 and not outcome.failed and not outcome.broken:
            self.red.append(f"{title}: pytest reported a failure without a test")
        return outcome.code

    def close(self) -> int:
        """Print the summary, write ``.cache/flaky.json``, and return the exit code of the whole run."""
        if len(self.flaky) > MAX_FLAKY:
            self.red.append(f"{len(self.flaky)} tests passed only when repeated alone; at most {MAX_FLAKY} may")
        self._print_cost()
        if self.flaky:
            print(f"\nDepends on load, order or chance ({len(self.flaky)}):")
        for flaky in self.flaky:
            print(f"  {flaky.test} ({flaky.run})")
            print(_indented("failed in the run", flaky.first), _indented("passed alone", flaky.second), sep="\n")
        _write(self.root / ".cache/flaky.json", self.flaky)
        for reason in self.red:
            print(f"FAILED {reason}")
        return 1 if self.red else 0

    def _pytest(self, arguments: Sequence[str], settings: Mapping[str, str], *, quiet: bool = False) -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", "-p", "tests.reporting", *arguments],
                cwd=self.root,
                env=_environment() | dict(settings) | {reporting.REPORT: str(report)},
                stdout=subprocess.PIPE if quiet else None,
                stderr=subprocess.STDOUT if quiet else None,
                text=True,
                start_new_session=True,
            )
            try:
                output, _ = process.communicate(timeout=MAX_RUN)
            except subprocess.TimeoutExpired:
                output = f"killed after {MAX_RUN} seconds"
                print(output, flush=True)
            finally:
                _end_group(process.pid)
                code = process.wait(waiting.TIMEOUT)
            found = json.loads(report.read_text("utf-8")) if report.is_file() else {}
            return Outcome(code=code, output=output or "", **found)

    def _print_cost(self) -> None:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"\nProcessor time: {used.ru_utime + used.ru_stime:.0f} s. The costliest files:")
        for file, seconds in self.cpu.most_common(COSTLIEST):
            print(f"  {seconds:7.1f} s  {file}")


def _environment() -> dict[str, str]:
    """Return the environment of a run: without a person's choices for another one, and with our modules importable.

    If bytecode may not be written, as in many containers, each worker would compile every test module again.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEPOST_TEST")}
    kept["TRADEPOST_TEST_PATIENCE"] = str(waiting.PATIENCE)
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))}


def _end_group(group: int) -> None:
    """Kill the programs that a run left behind."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _indented(title: str, text: str) -> str:
    lines = text.strip().splitlines()[-40:] or ["(no output)"]
    return "\n".join([f"    {title}:", *(f"      {line}" for line in lines)])


def _write(path: Path, flaky: Sequence[Flaky]) -> None:
    path.parent.mkdir(exist_ok=True)
    rows = [{name: getattr(one, name) for name in Flaky.__slots__} for one in flaky]
    path.write_text(json.dumps(rows, ensure_ascii=False, indent=1), encoding="utf-8")
