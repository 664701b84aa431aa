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
from tradepost.protocols.text import Text as Words

from .headline import COUNTED, counts, headline, left_behind
from .spelling import afresh, curl, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from tradepost.check.results import Exchange

COLOURS = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.WARNED: "yellow",
    Verdict.SKIPPED: "yellow",
    Verdict.BROKEN: "bold magenta",
}
DIAGNOSIS, SEEN = Words(en="Diagnosis", zh="诊断"), Words(en="Seen", zh="实际")
EXPECTED, ALSO = Words(en="Expected", zh="期望"), Words(en="Same here", zh="同样原因")
SKIPPED, GROUP = Words(en="Skipped", zh="跳过"), Words(en="Group", zh="分组")
WARNING = Words(en="warning: ", zh="警告：")
COLUMN = 12
"""Cells before the words of a row."""


@contextmanager
def progress(console: Console, *, chinese: bool = False) -> Iterator[Callable[[Told], None]]:
    """Gives what to tell each step; the bar vanishes at the end. Failures are printed as they happen."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(told: Told) -> None:
            if told.result is not None and told.result.verdict in {Verdict.FAILED, Verdict.BROKEN}:
                name = told.result.diagnosis.name if told.result.diagnosis else told.result.verdict.value
                line = Text.assemble(("✗ ", "bold red"), told.result.check_id, ("  " + name, "red"))
                bar.console.print(line)
            title = told.title.zh if chinese else told.title.en
            bar.update(task, total=told.total, completed=told.done, description=title)

        yield tell


def show(report: Report, console: Console, *, chinese: bool = False, every: frozenset[str] = frozenset()) -> None:
    """The headline, each mistake in full, where else it was met, what was skipped in one line each, a table of the groups.

    ``every``: ids of checks of which all that was exchanged is shown, passed or not.
    """
    _Shown(report, console, chinese=chinese).all(every)


class _Shown:
    def __init__(self, report: Report, console: Console, *, chinese: bool) -> None:
        self.report, self.console, self.chinese = report, console, chinese

    def all(self, every: frozenset[str]) -> None:
        report, console = self.report, self.console
        console.print(Text(self._in(headline(report)), "bold red" if report.exit_code else "bold"), soft_wrap=True)
        console.print()
        for result in report.results:
            if result.check_id in every:
                self._whole(result)
        for result, *others in report.mistakes:
            if result.check_id not in every:
                self._failure(result)
            if others:
                self._row(ALSO, self._listed([other.check_id for other in others], most=12))
            console.print()
        for result in report.warned:
            if result.check_id not in every:
                self._failure(result, style="yellow")
                console.print()
        self._skipped()
        console.print(self._groups())
        left = left_behind(report)
        if left:
            console.print(Text(self._in(left), "yellow"), soft_wrap=True)
        self._counts()

    def _in(self, words: Words) -> str:
        return words.zh if self.chinese else words.en

    def _row(self, name: Words, *parts: str | tuple[str, str]) -> None:
        label = Text(self._in(name), "bold")
        label.append(" " * max(1, COLUMN - label.cell_len))
        self.console.print(label + Text.assemble(*parts))

    def _whole(self, result: Result) -> None:
        """A check that was asked alone: with all that was exchanged for it."""
        passed = result.verdict is Verdict.PASSED
        self._failure(result, style=COLOURS[result.verdict], exchanges=result.exchanges)
        if passed:
            self.console.print(Text(self._in(COUNTED[result.verdict]), COLOURS[result.verdict]))
        self.console.print()

    def _failure(self, result: Result, *, style: str = "red", exchanges: tuple[Exchange, ...] | None = None) -> None:
        warning = self._in(WARNING) if result.verdict is Verdict.WARNED else ""
        title = Text(f"{warning}{result.check_id}: {self._in(result.title)}")
        self.console.print(Rule(title, style=style, align="left"))
        if result.diagnosis:
            name = (result.diagnosis.name, style if style.startswith("bold") else f"bold {style}")
            self._row(DIAGNOSIS, name, "  ", self._in(result.diagnosis.words))
        if self._in(result.seen):
            self._row(SEEN, self._in(result.seen))
        self._row(EXPECTED, self._in(result.expected), f" ({result.spec})")
        shown = result.exchanges[-1:] if exchanges is None else exchanges
        for exchange in shown:
            # As they are: a command that is broken into lines cannot be copied.
            self.console.print(Text(curl(exchange.request), "cyan"), soft_wrap=True)
            self.console.print(Text(raw(exchange.answer) or exchange.problem, "dim"), soft_wrap=True)
        if shown:
            self.console.print(Text(self._in(afresh(self.report, result.check_id)), "dim"), soft_wrap=True)

    def _skipped(self) -> None:
        reasons: dict[str, list[str]] = {}
        for result in self.report.results:
            if result.verdict is Verdict.SKIPPED:
                reasons.setdefault(self._in(result.seen), []).append(result.check_id)
        for reason, names in reasons.items():
            self._row(SKIPPED, self._listed(names, most=3), f": {reason}")
        if reasons:
            self.console.print()

    def _listed(self, names: list[str], *, most: int) -> str:
        rest = len(names) - most
        more = self._in(Words(en=f" and {rest} more", zh=f"等{len(names)}项")) if rest > 0 else ""
        return ", ".join(names[:most]) + more

    def _groups(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column(self._in(GROUP))
        for verdict in Verdict:
            table.add_column(self._in(COUNTED[verdict]).removeprefix("项"), justify="right")
        for group in dict.fromkeys(result.group for result in self.report.results):
            results = [result for result in self.report.results if result.group == group]
            cells = []
            for verdict in Verdict:
                number = sum(result.verdict is verdict for result in results)
                cells.append(Text(str(number), COLOURS[verdict]) if number else Text("·", "dim"))
            table.add_row(group, *cells)
        return table

    def _counts(self) -> None:
        report = self.report
        line = Text(f"\n{self._in(report.title)} at {report.url}: ")
        line.append(self._in(counts(report)), "bold red" if report.exit_code else "green")
        if report.mistakes:
            plural = "s" if report.reasons > 1 else ""
            line.append(self._in(Words(en=f" ({report.reasons} mistake{plural})", zh=f"（{report.reasons}个原因）")))
        self.console.print(line.append(f", {report.seconds:.1f} s"), soft_wrap=True)
