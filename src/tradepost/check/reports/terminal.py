"""The report on a terminal: a line while it runs, then what failed and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from tradepost.check.results import Progress as Told
from tradepost.check.results import Report, Result, Verdict

from .spelling import curl, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.WARNED: "yellow",
    Verdict.SKIPPED: "yellow",
    Verdict.BROKEN: "bold magenta",
}


@contextmanager
def progress(console: Console) -> Iterator[Callable[[Told], None]]:
    """Gives what to tell each step; the bar vanishes at the end. Failures are printed as they happen."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("connecting", total=None)

        def tell(told: Told) -> None:
            if told.result is not None and told.result.verdict in {Verdict.FAILED, Verdict.BROKEN}:
                name = told.result.diagnosis.name if told.result.diagnosis else told.result.verdict.value
                line = Text.assemble(("✗ ", "bold red"), told.result.check_id, ("  " + name, "red"))
                bar.console.print(line)
            bar.update(task, total=told.total, completed=told.done, description=told.title.en)

        yield tell


def show(report: Report, console: Console) -> None:
    """The summary: each mistake in full, where else it was met, what was skipped in one line each, a table of the groups."""
    for result, *others in report.mistakes:
        _failure(result, console)
        if others:
            names = ", ".join(other.check_id for other in others)
            console.print(Text.assemble(("Same here   ", "bold"), names))
        console.print()
    for result in report.warned:
        _failure(result, console, style="yellow")
        console.print()
    _skipped(report, console)
    console.print(_groups(report))
    counts = Text(f"\n{report.title} at {report.url}: ")
    for verdict in Verdict:
        number = report.count(verdict)
        if number or verdict is Verdict.PASSED:
            counts.append(f"{number} {verdict.value}", COLOURS[verdict])
            if verdict is Verdict.FAILED and report.failed:
                counts.append(f" ({report.reasons} mistake{'s' if report.reasons > 1 else ''})")
            counts.append(", ")
    console.print(counts.append(f"{report.seconds:.1f} s"), soft_wrap=True)


def _failure(result: Result, console: Console, *, style: str = "red") -> None:
    warning = "warning: " if result.verdict is Verdict.WARNED else ""
    console.print(Rule(Text(f"{warning}{result.check_id}: {result.title.en}"), style=style, align="left"))
    if result.diagnosis:
        console.print(Text.assemble(("Diagnosis  ", "bold"), (result.diagnosis.name, f"bold {style}"), "  "), end="")
        console.print(Text(result.diagnosis.words.en))
    console.print(Text.assemble(("Seen       ", "bold"), result.seen.en))
    console.print(Text.assemble(("Expected   ", "bold"), result.expected.en, f" ({result.spec})"))
    for exchange in result.exchanges[-1:]:
        # As they are: a command that is broken into lines cannot be copied.
        console.print(Text(curl(exchange.request), "cyan"), soft_wrap=True)
        console.print(Text(raw(exchange.answer) or exchange.problem, "dim"), soft_wrap=True)


def _skipped(report: Report, console: Console) -> None:
    reasons: dict[str, list[str]] = {}
    for result in report.results:
        if result.verdict is Verdict.SKIPPED:
            reasons.setdefault(result.seen.en, []).append(result.check_id)
    for reason, names in reasons.items():
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        console.print(Text.assemble(("Skipped ", "yellow"), shown, f": {reason}"))
    if reasons:
        console.print()


def _groups(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("Group")
    for verdict in Verdict:
        table.add_column(verdict.value, justify="right")
    for group in dict.fromkeys(result.group for result in report.results):
        results = [result for result in report.results if result.group == group]
        cells = []
        for verdict in Verdict:
            number = sum(result.verdict is verdict for result in results)
            cells.append(Text(str(number), COLOURS[verdict]) if number else Text("·", "dim"))
        table.add_row(group, *cells)
    return table
