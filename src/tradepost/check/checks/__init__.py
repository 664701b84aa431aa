"""The checks, one module a group; importing this package registers them all in the order of a run."""

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
    """The checks of a version in the order of ``GROUPS``, those that the options leave out excepted."""
    made = [check for make in check_factories for check in make(target)]
    chosen = [check for check in made if not options.only or check.group in options.only]
    if options.restart is None:
        chosen = [check for check in chosen if check.check_id != repeats.RESTART]
    if not options.market:
        chosen = [check for check in chosen if check.check_id not in {f"lifecycle.{name}" for name in uploads.NAMES}]
    if not options.load:
        chosen = [check for check in chosen if check.check_id not in load.LONG]

    def turn(check: Check) -> tuple[bool, int, bool]:
        # What looks at all answers of the run comes last, whatever its group; whether the key is right comes first.
        last = check.check_id in {
            *secrets.LAST,
            crowds.IDS,
            load.ENDURING,
            repeats.LATER,
            f"wire.{wire.UNLIMITED}",
            f"signature.{freshness.REPLAYED_LATER}",
        }
        return last, GROUPS.index(check.group), check.check_id != signature.FIRST

    return sorted(chosen, key=turn)
