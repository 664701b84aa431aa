"""The checks, one module per group; importing this package registers all of them in the order of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.check.definition import Check, check_factories
from tradepost.check.options import GROUPS

from . import (
    batches,
    body_sign,
    crowds,
    debug,
    encrypted,
    ending,
    framing,
    freshness,
    idempotency,
    joint,
    joint_sign_in,
    keep_alive,
    licenses,
    lifecycle,
    limits,
    load,
    purchases,
    quantities,
    repeats,
    secrets,
    shape,
    shape_of_requests,
    signature,
    time,
    uploads,
    wire,
)

if TYPE_CHECKING:
    from tradepost.check.options import Options
    from tradepost.check.target import Target

__all__ = [
    "batches",
    "body_sign",
    "checks_for",
    "crowds",
    "debug",
    "encrypted",
    "ending",
    "framing",
    "freshness",
    "idempotency",
    "joint",
    "joint_sign_in",
    "keep_alive",
    "licenses",
    "lifecycle",
    "limits",
    "load",
    "purchases",
    "quantities",
    "repeats",
    "secrets",
    "shape",
    "shape_of_requests",
    "signature",
    "time",
    "uploads",
    "wire",
]


def checks_for(target: Target, options: Options) -> list[Check]:
    """Return the checks of a version in the order of ``GROUPS``, without those that the options exclude."""
    checks_made = [check for make in check_factories for check in make(target)]
    chosen = [check for check in checks_made if not options.only or check.group in options.only]
    if options.restart is None:
        chosen = [check for check in chosen if check.check_id != repeats.RESTART_CHECK]
    if not options.market:
        chosen = [
            check for check in chosen if check.check_id not in {f"lifecycle.{name}" for name in uploads.CHECK_NAMES}
        ]
    if not options.load:
        chosen = [check for check in chosen if check.check_id not in load.LONG_CHECKS]

    def turn(check: Check) -> tuple[bool, int, bool]:
        # The key is checked first. Checks that read all answers of the run are last, in whatever group.
        is_last = check.check_id in {
            *secrets.LAST_CHECKS,
            crowds.IDS_CHECK,
            load.ENDURING_CHECK,
            repeats.LATER_CHECK,
            f"wire.{wire.UNLIMITED}",
            f"signature.{freshness.REPLAYED_LATER_NAME}",
        }
        return is_last, GROUPS.index(check.group), check.check_id != signature.FIRST_CHECK

    return sorted(chosen, key=turn)
