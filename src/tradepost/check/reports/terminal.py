"""The report on a terminal: progress while it runs, then failures with their reasons."""

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

from .headline import VERDICT_TEXTS, counts, headline, remaining_instances_text
from .spelling import curl, format_answer, repeat_hint

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
"""Width of the first column of a row."""


@contextmanager
def progress(console: Console, *, chinese: bool = False) -> Iterator[Callable[[Told], None]]:
    """Show a progress bar, and yield a function that receives each step. Failures are printed as they occur."""
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(step: Told) -> None:
            if step.result is not None and step.result.verdict in {Verdict.FAILED, Verdict.BROKEN}:
                name = step.result.diagnosis.name if step.result.diagnosis else step.result.verdict.value
                line = Text.assemble(("✗ ", "bold red"), step.result.check_id, ("  " + name, "red"))
                bar.console.print(line)
            title = step.title.zh if chinese else step.title.en
            bar.update(task, total=step.total, completed=step.done, description=title)

        yield tell


def show(report: Report, console: Console, *, chinese: bool = False, every: frozenset[str] = frozenset()) -> None:
    """Print the headline, each mistake in full with its other checks, skipped checks in one line each, and a table of
    the groups.

    ``every``: IDs of checks whose exchanges are all shown, whether passed or not.
    """
    _TerminalReport(report, console, chinese=chinese).all(every)


class _TerminalReport:
    def __init__(self, report: Report, console: Console, *, chinese: bool) -> None:
        self.report, self.console, self.chinese = report, console, chinese

    def all(self, every: frozenset[str]) -> None:
        report, console = self.report, self.console
        console.print(Text(self._in(headline(report)), "bold red" if report.exit_code else "bold"), soft_wrap=True)
        console.print()
        for result in report.results:
            if result.check_id in every:
                self._whole(result)
        for result, *others_failed in report.mistakes:
            if result.check_id not in every:
                self._failure(result)
            if others_failed:
                self._row(ALSO, self._listed([failed_result.check_id for failed_result in others_failed], max_count=12))
            console.print()
        for result in report.warned:
            if result.check_id not in every:
                self._failure(result, style="yellow")
                console.print()
        self._skipped()
        console.print(self._groups())
        remaining = remaining_instances_text(report)
        if remaining:
            console.print(Text(self._in(remaining), "yellow"), soft_wrap=True)
        self._counts()

    def _in(self, words: Words) -> str:
        return words.zh if self.chinese else words.en

    def _row(self, name: Words, *parts: str | tuple[str, str]) -> None:
        label = Text(self._in(name), "bold")
        label.append(" " * max(1, COLUMN - label.cell_len))
        self.console.print(label + Text.assemble(*parts))

    def _whole(self, result: Result) -> None:
        """Print a check that ran alone, with all its exchanges."""
        has_passed = result.verdict is Verdict.PASSED
        self._failure(result, style=COLOURS[result.verdict], exchanges=result.exchanges)
        if has_passed:
            self.console.print(Text(self._in(VERDICT_TEXTS[result.verdict]), COLOURS[result.verdict]))
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
        exchanges_shown = result.exchanges[-1:] if exchanges is None else exchanges
        for exchange in exchanges_shown:
            # Without line breaks: a wrapped command cannot be copied.
            self.console.print(Text(curl(exchange.request), "cyan"), soft_wrap=True)
            self.console.print(Text(format_answer(exchange.answer) or exchange.problem, "dim"), soft_wrap=True)
        if exchanges_shown:
            self.console.print(Text(self._in(repeat_hint(self.report, result.check_id)), "dim"), soft_wrap=True)

    def _skipped(self) -> None:
        reasons: dict[str, list[str]] = {}
        for result in self.report.results:
            if result.verdict is Verdict.SKIPPED:
                reasons.setdefault(self._in(result.seen), []).append(result.check_id)
        for reason, names in reasons.items():
            self._row(SKIPPED, self._listed(names, max_count=3), f": {reason}")
        if reasons:
            self.console.print()

    def _listed(self, names: list[str], *, max_count: int) -> str:
        omitted = len(names) - max_count
        suffix = self._in(Words(en=f" and {omitted} more", zh=f"等{len(names)}项")) if omitted > 0 else ""
        return ", ".join(names[:max_count]) + suffix

    def _groups(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column(self._in(GROUP))
        for verdict in Verdict:
            table.add_column(self._in(VERDICT_TEXTS[verdict]).removeprefix("项"), justify="right")
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
