"""Selects the checks to run when a user repeats some of them: these, and those that they depend on."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING

from .checks import crowds, ending, freshness, load, repeats, secrets, signature, wire
from .options import CannotRun

if TYPE_CHECKING:
    from .definition import Check

WHOLE_RUN_CHECKS = frozenset(
    {*secrets.LAST_CHECKS, crowds.IDS_CHECK, load.ENDURING_CHECK, f"wire.{wire.UNLIMITED}", ending.ACTIVITIES_CHECK}
)
"""Checks that read the answers of all earlier checks."""
PREREQUISITES = {f"signature.{freshness.REPLAYED_LATER_NAME}": (freshness.REPLAYED_CHECK,)}


def chosen_checks(checks: Sequence[Check], repeated_ids: frozenset[str]) -> list[Check]:
    """Return the checks in order; all of them if ``repeated_ids`` is empty. Raises ``CannotRun`` for an unknown ID."""
    if not repeated_ids:
        return list(checks)
    ids = [check.check_id for check in checks]
    unknown_ids = sorted(repeated_ids - set(ids))
    if unknown_ids:
        raise CannotRun(f"no check {', '.join(unknown_ids)} among those chosen; {_hint(unknown_ids[0], ids)}")
    if repeated_ids & WHOLE_RUN_CHECKS:
        return list(checks)
    required_ids = {signature.FIRST_CHECK, *repeated_ids}
    for check_id in repeated_ids:
        required_ids.update(PREREQUISITES.get(check_id, ()))
    return [check for check in checks if check.check_id in required_ids]


def _hint(unknown_id: str, ids: Sequence[str]) -> str:
    if unknown_id == repeats.RESTART_CHECK:
        return "it needs --restart, the command that restarts your server"
    if unknown_id in load.LONG_CHECKS:
        return "it needs --load"
    near = get_close_matches(unknown_id, ids)
    return f"did you mean {', '.join(near)}?" if near else "a report names them"
