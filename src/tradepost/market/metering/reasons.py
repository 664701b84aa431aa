"""Why a record is not billed, and what its seller does about it, in the reader's language (business-rules §4.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .judge import Code


class Words(NamedTuple):
    reason: str | Promise
    repair: str | Promise


_AGAIN = _("Correct the field and push the record again.")
_FORGET = _("Nothing is to be done if the service was not used then.")

REASONS: Mapping[str, Words] = {
    Code.NO_INSTANCE: Words(_("An instance is missing or malformed"), _AGAIN),
    Code.BAD_TIME: Words(
        _("A time cannot be read"), _("Send UTC times like 20260301T080000Z, then push the record again.")
    ),
    Code.BAD_USAGE: Words(
        _("The usage is no valid number"), _("Send a number above 0 and below 100,000,000 with at most four decimals.")
    ),
    Code.NO_SN: Words(_("The number of the record is missing"), _("Give each record a metering_sn of its own.")),
    Code.SN_REUSED: Words(
        _("The number of the record stands for other usage"),
        _("This usage is not counted: push it again under a new metering_sn."),
    ),
    Code.RETIRED: Words(_("Nothing can be charged for this service any more"), _("Ask the operators of the market.")),
    Code.TOO_OLD: Words(_("It began too long ago"), _("Push usage every hour: what is too old is not billed.")),
    Code.FOREIGN: Words(
        _("The instance is none of yours"),
        _("Send the instanceId that your server gave when the service was opened, not that of a package."),
    ),
    Code.WINDOW_TAKEN: Words(
        _("Usage of this instance and time was counted before"),
        _("Nothing is to be done. If the counted quantity is wrong, void that record, then push this one again."),
    ),
    Code.BAD_RANGE: Words(
        _("The time range is not valid"), _("begin_time ≤ end_time ≤ now must hold; check the clock of your server.")
    ),
    Code.NOT_ON_DEMAND: Words(
        _("The service is not on demand"),
        _("Send usage of on-demand instances only; what is prepaid is not metered so."),
    ),
    Code.NOT_IN_USE: Words(_("The service was not in use then"), _FORGET),
    Code.CLOSED: Words(_("The service was closed by then"), _FORGET),
    Code.BEFORE_START: Words(
        _("It begins before the service was opened"), _("Let the first record begin when the service was opened.")
    ),
}

DIFFERS = Words(
    _("Another quantity of this instance and time was counted before"),
    _("One of the two is wrong. If it is the counted one, void that record, then push this one again."),
)


def words_of(code: str, *, differs: bool = False) -> Words:
    return DIFFERS if differs else REASONS[code]
