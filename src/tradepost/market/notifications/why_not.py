"""Why a message is not sent, or waits for the summary: pure. Each place where one might have gone gets a row with the answer."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from msgspec import Struct

from .categories import Channel


class DeliveryChoice(TextChoices):
    """What somebody chose for a category and a channel; who chose nothing gets it at once."""

    ON = "on", _("At once")
    DIGEST = "digest", _("In a daily summary")
    OFF = "off", _("Not at all")


class UnsentReason(TextChoices):
    """Why a message was not sent. The order of the first seven is that in which they are looked at (``unsent_reason``)."""

    SITE_ONLY = (
        "site_only",
        _("On-site notice only, this time"),
    )
    CHANNEL_UNSET = "channel_unset", _("This market has no such channel")
    LOCKED = "locked", _("The account is locked")
    NO_ADDRESS = "no_address", _("No address is known")
    UNCONFIRMED = "unconfirmed", _("The receiver has not confirmed email and phone yet")
    SWITCHED_OFF = "switched_off", _("Switched off for this kind of notice")
    DUPLICATE = "duplicate", _("The same address already receives it")
    TOO_MANY = "too_many", _("This number has reached today's message limit")
    DISABLED = "disabled", _("The receiver was switched off after failing for days")
    GONE = "gone", _("The receiver was deleted before it was sent")


class Destination(Struct, frozen=True, kw_only=True):
    """One place where a message might go. ``how``: what was chosen there."""

    channel: Channel
    address: str
    locked: bool = False
    confirmed: bool = True
    disabled: bool = False
    how: str = DeliveryChoice.ON
    receiver_id: int | None = None
    endpoint_id: int | None = None
    to_contact: bool = False

    @property
    def same(self) -> tuple[str, str]:
        """What makes two places the same."""
        return self.channel, self.address.casefold()


class DeliveryDecision(StrEnum):
    SEND = "send"
    DEFER = "defer"
    """It stands in the next daily summary."""
    WITHHOLD = "withhold"


def unsent_reason(
    place: Destination, *, wanted: bool, set_up: Collection[str], mandatory: bool, taken: Collection[tuple[str, str]]
) -> UnsentReason | None:
    """The first reason that stands against sending, or None. ``wanted``: this occasion is told outside of the site at all;
    ``set_up``: the channels that this market has; ``taken``: places that get the same message already."""
    obstacles = (
        (UnsentReason.SITE_ONLY, not wanted),
        (UnsentReason.CHANNEL_UNSET, place.channel not in set_up),
        (UnsentReason.LOCKED, place.locked),
        (UnsentReason.NO_ADDRESS, not place.address),
        (UnsentReason.UNCONFIRMED, not place.confirmed),
        (UnsentReason.SWITCHED_OFF, place.how == DeliveryChoice.OFF and not mandatory),
        (UnsentReason.DUPLICATE, place.same in taken),
        (UnsentReason.DISABLED, place.disabled),
    )
    return next((reason for reason, applies in obstacles if applies), None)


def decide_delivery(place: Destination, reason: UnsentReason | None, *, mandatory: bool) -> DeliveryDecision:
    """Mandatory messages never wait for a summary, and only mail has one."""
    if reason is not None:
        return DeliveryDecision.WITHHOLD
    in_digest = place.how == DeliveryChoice.DIGEST and place.channel == Channel.MAIL and not mandatory
    return DeliveryDecision.DEFER if in_digest else DeliveryDecision.SEND
