"""Formats answers for people: first ratios, then figures, then requirements with their results."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests import machine

from .answer import Answer, Figure, Need

PACKAGES = (
    "django",
    "psycopg",
    "aiohttp",
    "uvloop",
    "granian",
    "waitress",
    "cryptography",
    "pgqueuer",
    "huey",
    "fastapi",
    "sqlalchemy",
    "asyncpg",
    "uvicorn",
    "openbrokerapi",
)


def on_terminal(answer: Answer) -> str:
    lines = [f"{answer.name}: {answer.title}"]
    lines += [f"  {_number(ratio.value)} × {ratio.of}" for ratio in answer.ratios]
    lines += [f"  {figure.name}: {_figure(figure)}" for figure in answer.figures]
    lines += [f"  {_need(need)}" for need in answer.needs]
    lines += [f"  {note}" for note in answer.notes]
    return "\n".join(lines)


HEAD = """# Results

Written by `python -m bench`; do not edit. A question that is asked at full size replaces its own section, which names day and
machine: figures of two machines are not comparable, ratios are. What each question means: README.md.
"""
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def with_sections(page: str, sections: Mapping[str, str], *, order: Iterable[str]) -> str:
    """Replace these sections of RESULTS.md, by benchmark, and remove sections of removed benchmarks."""
    pieces = _SECTION.split(page)[1:]
    by_name = {name: f"## {name}{text}" for name, text in zip(pieces[::2], pieces[1::2], strict=True)}
    by_name |= sections
    return "\n".join([HEAD, *(by_name[name].strip() + "\n" for name in order if name in by_name)])


def as_section(answer: Answer, *, repeats: int, day: date) -> str:
    """Return the section of a benchmark in RESULTS.md."""
    parts = [f"## {answer.name}\n", f"{answer.title}.\n"]
    if answer.ratios:
        parts += ["**" + " · ".join(f"{_number(r.value)} × {r.of}" for r in answer.ratios) + "**\n"]
    parts += ["| Figure | Median | Runs |", "|---|---:|---|"]
    parts += [f"| {f.name} | {_number(f.value)} {f.unit} | {', '.join(map(_number, f.runs))} |" for f in answer.figures]
    parts += ["", *(f"- {_need(need)}" for need in answer.needs), *(f"- {note}" for note in answer.notes)]
    most = max((len(figure.runs) for figure in answer.figures), default=repeats)  # a clock is measured once
    repeats = min(repeats, most)
    times = "once" if repeats == 1 else f"{repeats} times"
    parts += [f"- Measured {times} on {day.isoformat()}: {'; '.join(about_this_machine())}.", ""]
    return "\n".join(parts)


def about_this_machine() -> list[str]:
    """Return processor, memory, system and relevant versions."""
    lines = []
    for package in PACKAGES:
        try:
            lines.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return [
        f"{_processor()}, {cores} cores, {_memory()}{platform.system()} {platform.release().split('-', 1)[0]}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}{_postgresql()}",
        ", ".join(lines),
    ]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> str:
    try:
        return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB, "
    except (ValueError, AttributeError):
        return ""


def _postgresql() -> str:
    binaries = machine.find_postgres()
    if binaries is None:
        return ""
    said = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return f", PostgreSQL {said.split()[2]}"


def _figure(figure: Figure) -> str:
    spread = f" ({_number(min(figure.runs))} … {_number(max(figure.runs))})" if len(figure.runs) > 1 else ""
    return f"{_number(figure.value)} {figure.unit}{spread}"


def _need(need: Need) -> str:
    word = "pass" if need.holds else "MISS"
    return f"{word}: {_number(need.reached)} {need.text}, must be {'at most' if need.at_most else 'at least'} {_number(need.bound)}"


def _number(value: float) -> str:
    """Return three significant digits, or all digits before the point."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    return text if "e" not in text else f"{value:.6f}"
