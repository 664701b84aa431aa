"""Which checks of the catalogue are asked when a person repeats some of them: those, and what each needs before it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from .checks import crowds, ending, freshness, load, repeats, secrets, signature, wire
from .options import CannotRun

if TYPE_CHECKING:
    from .definition import Check

ABOUT_ALL = frozenset({*secrets.LAST, crowds.IDS, load.ENDURING, f"wire.{wire.UNLIMITED}", ending.ACTIVITIES})
"""They look at the answers to all that was asked before."""
BEFORE = {f"signature.{freshness.REPLAYED_LATER}": (freshness.REPLAYED,)}


def chosen(checks: Sequence[Check], again: frozenset[str]) -> list[Check]:
    """In their order; all of them where ``again`` is empty. Raises ``CannotRun`` for an id that there is not."""
    if not again:
        return list(checks)
    ids = [check.check_id for check in checks]
    unknown = sorted(again - set(ids))
    if unknown:
        raise CannotRun(f"no check {', '.join(unknown)} among those chosen; {_hint(unknown[0], ids)}")
    if again & ABOUT_ALL:
        return list(checks)
    needed = {signature.FIRST, *again}
    for check_id in again:
        needed.update(BEFORE.get(check_id, ()))
    return [check for check in checks if check.check_id in needed]


def _hint(unknown: str, ids: Sequence[str]) -> str:
    if unknown == repeats.RESTART:
        return "it needs --restart, the command that restarts your server"
    if unknown in load.LONG:
        return "it needs --load"
    near = get_close_matches(unknown, ids)
    return f"did you mean {', '.join(near)}?" if near else "a report names them"
