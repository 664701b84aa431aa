"""Reasons why a record is not billed, and what its seller can do (business-rules §4.8). Translated texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .judge import Code


class ReasonTexts(NamedTuple):
    reason: str | Promise
    repair: str | Promise


_CORRECT_AND_PUSH = _("Correct the field and push the record again.")
_NO_ACTION = _("No action needed if the service was not used at that time.")

REASONS: Mapping[str, ReasonTexts] = {
    Code.NO_INSTANCE: ReasonTexts(_("An instance is missing or malformed"), _CORRECT_AND_PUSH),
    Code.BAD_TIME: ReasonTexts(
        _("A time has an invalid format"), _("Send UTC times like 20260301T080000Z, then push the record again.")
    ),
    Code.BAD_USAGE: ReasonTexts(
        _("The usage is not a valid number"),
        _("Send a number above 0 and below 100,000,000 with at most four decimals."),
    ),
    Code.NO_SN: ReasonTexts(_("The number of the record is missing"), _("Give each record a unique metering_sn.")),
    Code.SN_REUSED: ReasonTexts(
        _("The record number is already in use for different usage"),
        _("This usage is not counted: push it again under a new metering_sn."),
    ),
    Code.RETIRED: ReasonTexts(_("This service can no longer be charged"), _("Ask the operators of the market.")),
    Code.TOO_OLD: ReasonTexts(
        _("The start time is too long ago"), _("Push usage every hour. Records that are too old are not billed.")
    ),
    Code.FOREIGN: ReasonTexts(
        _("The instance does not belong to you"),
        _("Send the instanceId that your server returned when the service was opened, not that of a package."),
    ),
    Code.WINDOW_TAKEN: ReasonTexts(
        _("Usage of this instance and time has already been counted"),
        _("No action needed. If the counted quantity is wrong, void that record, then push this one again."),
    ),
    Code.BAD_RANGE: ReasonTexts(
        _("The time range is not valid"), _("begin_time ≤ end_time ≤ now must hold; check the clock of your server.")
    ),
    Code.NOT_ON_DEMAND: ReasonTexts(
        _("The service is not on demand"),
        _("Send usage only for on-demand instances. Prepaid services are not billed by usage records."),
    ),
    Code.NOT_IN_USE: ReasonTexts(_("The service was not in use then"), _NO_ACTION),
    Code.CLOSED: ReasonTexts(_("The service was closed by then"), _NO_ACTION),
    Code.BEFORE_START: ReasonTexts(
        _("The start time is before the service was opened"),
        _("The first record must not start before the service was opened."),
    ),
}

DIFFERS = ReasonTexts(
    _("A different quantity of this instance and time has already been counted"),
    _("One of the two is wrong. If it is the counted one, void that record, then push this one again."),
)


def texts_of(code: str, *, differs: bool = False) -> ReasonTexts:
    return DIFFERS if differs else REASONS[code]
