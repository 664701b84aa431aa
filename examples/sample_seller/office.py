"""Page for the seller's staff: everything sold, as plain tables."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Table:
    """``title`` and ``columns`` are keys of texts, so that the page uses the browser's language."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Any, ...]]


class Shown(Protocol):
    def shown(self) -> list[Table]: ...


def tables(sellers: Iterable[Shown], word: Mapping[str, str]) -> str:
    return "".join(_table(table, word) for seller in sellers for table in seller.shown())


def _table(table: Table, word: Mapping[str, str]) -> str:
    title = f"<h2>{word[table.title]}</h2>"
    if not table.rows:
        return f"{title}<p>{word['none_yet']}</p>"
    heads = "".join(f'<th scope="col">{word[column]}</th>' for column in table.columns)
    lines = "".join(
        "<tr>" + "".join(_cell(column, value, word) for column, value in zip(table.columns, row, strict=True)) + "</tr>"
        for row in table.rows
    )
    # A scrolling area is reachable with the keyboard; on a phone each row becomes a card.
    return (
        f'{title}<div class="wide" tabindex="0" role="region" aria-label="{word[table.title]}">'
        f"<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>"
    )


def _cell(column: str, value: object, word: Mapping[str, str]) -> str:
    text = "" if value is None else str(value)
    # Values of these two columns are translated, too.
    shown = word[f"is_{text}"] if column in {"status", "role"} else escape(text)
    return f'<td class="{column}" data-label="{word[column]}">{shown}</td>'
