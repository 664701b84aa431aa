"""Why a message is not sent, or waits for the summary: pure. Each place where one might have gone gets a row with the answer."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from .categories import Channel


class How(TextChoices):
    """What somebody chose for a category and a channel; who chose nothing gets it at once."""

    ON = "on", _("At once")
    DIGEST = "digest", _("In a daily summary")
    OFF = "off", _("Not at all")


class WhyNot(TextChoices):
    """Why a message was not sent. The order of the first seven is that in which they are looked at (``why_not``)."""

    SITE_ONLY = (
        "site_only",
        _("This time told in the site alone"),
    )
    CHANNEL_UNSET = "channel_unset", _("This market has no such channel")
    LOCKED = "locked", _("The account is locked")
    NO_ADDRESS = "no_address", _("No address is known")
    UNCONFIRMED = "unconfirmed", _("The receiver has not confirmed mail and phone yet")
    SWITCHED_OFF = "switched_off", _("Switched off for this kind of notice")
    DUPLICATE = "duplicate", _("The same address gets it already")
    TOO_MANY = "too_many", _("This number got as many messages today as one may")
    DISABLED = "disabled", _("The receiver was switched off after failing for days")
    GONE = "gone", _("The receiver was deleted before it was sent")


class Place(Struct, frozen=True, kw_only=True):
    """One place where a message might go. ``how``: what was chosen there."""

    channel: Channel
    address: str
    locked: bool = False
    confirmed: bool = True
    disabled: bool = False
    how: str = How.ON
    receiver_id: int | None = None
    endpoint_id: int | None = None
    to_contact: bool = False

    @property
    def same(self) -> tuple[str, str]:
        """What makes two places the same."""
        return self.channel, self.address.casefold()


class Fate(StrEnum):
    SEND = "send"
    DEFER = "defer"
    """It stands in the next daily summary."""
    WITHHOLD = "withhold"


def why_not(
    place: Place, *, wanted: bool, set_up: Collection[str], mandatory: bool, taken: Collection[tuple[str, str]]
) -> WhyNot | None:
    """The first reason that stands against sending, or None. ``wanted``: this occasion is told outside of the site at all;
    ``set_up``: the channels that this market has; ``taken``: places that get the same message already."""
    against = (
        (WhyNot.SITE_ONLY, not wanted),
        (WhyNot.CHANNEL_UNSET, place.channel not in set_up),
        (WhyNot.LOCKED, place.locked),
        (WhyNot.NO_ADDRESS, not place.address),
        (WhyNot.UNCONFIRMED, not place.confirmed),
        (WhyNot.SWITCHED_OFF, place.how == How.OFF and not mandatory),
        (WhyNot.DUPLICATE, place.same in taken),
        (WhyNot.DISABLED, place.disabled),
    )
    return next((reason for reason, stands in against if stands), None)


def fate(place: Place, reason: WhyNot | None, *, mandatory: bool) -> Fate:
    """Mandatory messages never wait for a summary, and only mail has one."""
    if reason is not None:
        return Fate.WITHHOLD
    summed = place.how == How.DIGEST and place.channel == Channel.MAIL and not mandatory
    return Fate.DEFER if summed else Fate.SEND
