"""What was found in a table of members, or became of it, as it is kept with the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.utils import translation
from msgspec import Struct

from tradepost.market.base.errors import Refused
from tradepost.market.base.findings import LANGUAGES
from tradepost.market.base.stored import version
from tradepost.market.base.values import replace

from .import_judge import Judged, Kind

MOST_SHOWN = 200
"""Wrong lines that are kept with why; more are counted."""


class WrongLine(Struct, frozen=True, kw_only=True):
    """``account``: as it stood there. ``zh``, ``en``: why, in words."""

    at: int
    account: str
    zh: str
    en: str

    @property
    def words(self) -> str:
        return self.zh if (translation.get_language() or LANGUAGES[0]).startswith("zh") else self.en


@version(1)
class Report(Struct, frozen=True, kw_only=True):
    """Counts of lines, and the first wrong ones. ``unread``: columns that mean nothing to an import. ``last``: number of the last
    line that is in the counts: where an import that was broken off goes on. ``zh``, ``en``: why the whole table is refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    shown: tuple[WrongLine, ...] = ()
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
        """Lines of which something comes."""
        return self.new + self.changed


def with_lines(report: Report, judged: Iterable[Judged]) -> Report:
    """The report with these lines, too."""
    counts = dict.fromkeys(Kind, 0)
    shown, last = list(report.shown), report.last
    for one in judged:
        counts[one.kind] += 1
        last = one.line.at
        if one.why is not None and len(shown) < MOST_SHOWN:
            shown.append(_wrong_line(one, one.why))
    return replace(
        report, new=report.new + counts[Kind.NEW], changed=report.changed + counts[Kind.CHANGED],
        same=report.same + counts[Kind.SAME], wrong=report.wrong + counts[Kind.WRONG], shown=tuple(shown), last=last,
    )  # fmt: skip


def _wrong_line(one: Judged, why: Callable[[], object]) -> WrongLine:
    zh, en = in_both(why)
    return WrongLine(at=one.line.at, account=one.line.said.get("user_name", "")[:64], zh=zh, en=en)


def in_both(refuse: Callable[[], object]) -> tuple[str, str]:
    """The words of a refusal in both languages: whoever reads them later has one of them. Empty for what is not refused."""
    said = []
    for language in LANGUAGES:
        with translation.override(language):
            try:
                refuse()
            except Refused as refused:
                said.append(str(refused.message))
            else:
                said.append("")
    return said[0], said[1]
