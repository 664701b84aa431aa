"""The report of a table of members, stored with the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils import translation
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import LANGUAGES
from tradepost.market.base.stored import version
from tradepost.market.base.values import replace

from .import_judge import Kind, LineDecision

MAX_SHOWN = 200
"""Maximum of invalid lines stored with their reason; others are only counted."""


class InvalidLine(Struct, frozen=True, kw_only=True):
    """An invalid line. ``account``: the text of its cell. ``zh``, ``en``: the reason."""

    at: int
    account: str
    zh: str
    en: str

    @property
    def words(self) -> str:
        return self.zh if (translation.get_language() or LANGUAGES[0]).startswith("zh") else self.en


@version(1)
class Report(Struct, frozen=True, kw_only=True):
    """Counts of lines, and the first invalid ones. ``unread``: columns that the import ignores. ``last``: number of
    the last counted line, after which an interrupted import continues. ``zh``, ``en``: why the whole table is
    refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    shown: tuple[InvalidLine, ...] = ()
    unread: tuple[str, ...] = ()
    last: int = 0
    zh: str = ""
    en: str = ""

    @property
    def words(self) -> str:
        return self.zh if (translation.get_language() or LANGUAGES[0]).startswith("zh") else self.en

    @property
    def lines(self) -> int:
        return self.new + self.changed + self.same + self.wrong

    @property
    def right(self) -> int:
        """Lines that add or change a member."""
        return self.new + self.changed


def with_lines(report: Report, decisions: Iterable[LineDecision]) -> Report:
    """Return the report extended by these lines."""
    counts = dict.fromkeys(Kind, 0)
    shown_lines, last_row = list(report.shown), report.last
    for decision in decisions:
        counts[decision.kind] += 1
        last_row = decision.line.at
        if decision.why is not None and len(shown_lines) < MAX_SHOWN:
            shown_lines.append(_invalid_line(decision, decision.why))
    return replace(
        report, new=report.new + counts[Kind.NEW], changed=report.changed + counts[Kind.CHANGED],
        same=report.same + counts[Kind.SAME], wrong=report.wrong + counts[Kind.WRONG], shown=tuple(shown_lines), last=last_row,
    )  # fmt: skip


def _invalid_line(decision: LineDecision, message: Callable[[], object]) -> InvalidLine:
    zh, en = messages_in_both_languages(message)
    return InvalidLine(at=decision.line.at, account=decision.line.cells.get("user_name", "")[:64], zh=zh, en=en)


def messages_in_both_languages(refuse: Callable[[], object]) -> tuple[str, str]:
    """Return the message of a refusal in both languages, because a later reader may use either. Empty without a
    refusal."""
    messages = []
    for language in LANGUAGES:
        with translation.override(language):
            try:
                refuse()
            except Refused as refusal:
                messages.append(str(refusal.message))
            else:
                messages.append("")
    return messages[0], messages[1]
