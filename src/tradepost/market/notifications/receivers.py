"""Receivers of notices: entered by a seller's owner or a buyer, counted once they confirmed mail and phone (business-rules §7.2).

The mail brings a link, the SMS a code that is entered on the page behind the link: who has both has both. The link and the
code are kept as keyed hashes, sealed until they are sent, and end after some days.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.base.secrets import fingerprints, seal
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.models import Seller

from . import facts as f
from .categories import Category, Channel
from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .owners import Owner, limit_key, lock_owner, owner_columns, receivers_of, withhold
from .phones import can_receive_sms, standard_form
from .receiver_models import Preference, Receiver
from .why_not import DeliveryChoice, UnsentReason

HASHES = tuple(
    KeyedHash(model=Receiver, column=column, name=name, issued="confirm_until")
    for column, name in (("token_hash", "links to confirm a receiver"), ("code_hash", "codes to confirm a receiver"))
)
RECEIVER_CHANNELS = (Channel.MAIL, Channel.SMS)
"""How a receiver is told."""


class Rules(Struct, frozen=True, kw_only=True):
    """What the market's settings say. ``sms``: it has a channel for it, so that a phone is asked for and confirmed."""

    sms: bool
    most: int
    valid: timedelta
    a_day: int
    base_url: str = ""


def add_receiver(
    owner: Owner, *, name: str, email: str, phone: str, language: str, rules: Rules, wall: datetime, now: datetime
) -> Receiver:
    """Enter one and have the confirmations sent. Raises ``Refused`` (fields ``email``, ``phone``)."""
    address, number = _checked_email(email), _checked_phone(phone, rules)
    with transaction.atomic():
        lock_owner(owner)
        receivers = receivers_of(owner)
        if receivers.count() >= rules.most:
            raise Refused("receiver.too_many", _("You have reached the limit for receivers. Delete one first."))
        if receivers.filter(email__iexact=address).exists():
            raise Refused("receiver.known", _("A receiver with this address already exists."), field="email")
        receiver = Receiver.objects.create(
            **owner_columns(owner), name=name.strip(), email=address, phone=number, language=language, created_at=now
        )
        _send_confirmation(receiver, owner, rules, wall=wall, now=now)
    return receiver


def _checked_email(email: str) -> str:
    try:
        validate_email(email.strip())
    except ValidationError:
        raise Refused("receiver.email", _("Enter an email address."), field="email") from None
    return email.strip()


def _checked_phone(phone: str, rules: Rules) -> str:
    if not rules.sms:
        return ""
    number = standard_form(phone)
    if not number or not can_receive_sms(number):
        message = _("Enter a mobile number, for example 138 0013 8000 or +44 7400 123456. A code is sent to it by SMS.")
        raise Refused("receiver.phone", message, field="phone")
    return number


def resend_confirmation(receiver: Receiver, owner: Owner, *, rules: Rules, wall: datetime, now: datetime) -> None:
    """A new link and a new code; the former ones open nothing any more. Raises ``Refused``."""
    with transaction.atomic():
        row = Receiver.objects.select_for_update().get(pk=receiver.pk)
        if row.is_confirmed:
            raise Refused("receiver.confirmed", _("This receiver has confirmed already."))
        _send_confirmation(row, owner, rules, wall=wall, now=now)


def _send_confirmation(receiver: Receiver, owner: Owner, rules: Rules, *, wall: datetime, now: datetime) -> None:
    _check_rate(receiver, owner, rules, wall)
    token, code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**6):06}"
    receiver.token_hash = fingerprints("receiver link", token)[0]
    receiver.code_hash = fingerprints(f"receiver code {receiver.pk}", code)[0] if receiver.phone else ""
    receiver.confirm_until = now + rules.valid
    receiver.save(update_fields=["token_hash", "code_hash", "confirm_until"])
    facts = {"owner": _owner_name(owner), "name": receiver.name, "until": f.moment(receiver.confirm_until)}
    link = reverse("storefront:receiver_confirm", args=[token])
    _send_secret(receiver, Channel.MAIL, link, facts, now)
    if receiver.phone:
        _send_secret(receiver, Channel.SMS, code, facts, now)


def _check_rate(receiver: Receiver, owner: Owner, rules: Rules, wall: datetime) -> None:
    throttles = (
        (limits.CONFIRMATIONS, limit_key(owner)),
        (limits.CONFIRMATIONS_TO, receiver.email.casefold()),
        *([(limits.CONFIRMATIONS_TO, receiver.phone)] if receiver.phone else []),
    )
    for limit, subject in throttles:
        if wait := throttling.count(limit, subject, most=rules.a_day, now=wall):
            words = _("No more confirmations can be sent there today. Try again tomorrow.")
            raise Refused("receiver.too_often", words, HTTPStatus.TOO_MANY_REQUESTS, wait=wait)


def _send_secret(receiver: Receiver, channel: Channel, secret: str, facts: Mapping[str, object], now: datetime) -> None:
    """``secret``: what the mail leads to, or the code in the SMS."""
    by_mail = channel == Channel.MAIL
    delivery = NoticeDelivery.objects.create(
        kind="receiver_confirm" if by_mail else "receiver_code", channel=channel,
        address=receiver.email if by_mail else receiver.phone, receiver=receiver, seller=receiver.seller,
        language=receiver.language, facts=dict(facts), sealed_link=seal(secret), created_at=now, next_at=now,
    )  # fmt: skip
    jobs.schedule(DELIVER_BY[channel], str(delivery.pk), due_at=now)


def _owner_name(owner: Owner) -> f.Json | str:
    return (
        f.names(owner.name, owner.name_en or owner.name) if isinstance(owner, Seller) else (owner.company or str(owner))
    )


def owner_name(receiver: Receiver) -> f.Json | str:
    """Who wants the receiver to be told, as a fact of a notice."""
    owner = receiver.seller or receiver.user
    if owner is None:
        raise LookupError("a receiver without an owner")
    return _owner_name(owner)


def find_unconfirmed(token: str, *, now: datetime) -> Receiver | None:
    """Who is asked by this link; None when it is unknown, used or over."""
    hashes = fingerprints("receiver link", token)
    receiver = Receiver.objects.select_related("seller", "user").filter(token_hash__in=hashes).first()
    if receiver is None or receiver.confirm_until is None or now >= receiver.confirm_until:
        return None
    return receiver


def confirm(token: str, code: str, *, wall: datetime, now: datetime) -> Receiver:
    """Both at once. Raises ``Refused`` (field ``code``), and then nothing is confirmed."""
    receiver = find_unconfirmed(token, now=now)
    if receiver is None:
        raise Refused("receiver.link", _("This link was already used or has expired. Ask for a new one."))
    guess_key = f"{receiver.pk}"
    if receiver.phone:
        if wait := throttling.begin_guess(limits.RECEIVER_CODE, guess_key, now=wall):
            message = _("Too many wrong codes. Try again in %(n)s seconds.") % {"n": wait}
            raise Refused("receiver.too_often", message, HTTPStatus.TOO_MANY_REQUESTS, field="code", wait=wait)
        hashes = fingerprints(f"receiver code {receiver.pk}", code.strip())
        if not any(hmac.compare_digest(receiver.code_hash, code_hash) for code_hash in hashes):
            raise Refused("receiver.code", _("The code does not match the SMS."), field="code")
        throttling.clear_guesses(limits.RECEIVER_CODE, guess_key)
    Receiver.objects.filter(pk=receiver.pk, token_hash=receiver.token_hash).update(
        email_confirmed_at=now,
        phone_confirmed_at=now if receiver.phone else None,
        token_hash="",
        code_hash="",
        confirm_until=None,
    )
    receiver.refresh_from_db()
    return receiver


def delete_receiver(receiver: Receiver, owner: Owner) -> None:
    """Raises ``Refused`` when a category would have nobody while others are left."""
    with transaction.atomic():
        lock_owner(owner)
        remaining = [other for other in receivers_of(owner) if other.pk != receiver.pk and other.is_confirmed]
        if receiver.is_confirmed and remaining:
            _check_categories(remaining, {})
        withhold(NoticeDelivery.objects.filter(receiver=receiver), UnsentReason.GONE)
        Receiver.objects.filter(pk=receiver.pk).delete()


def _check_categories(receivers: list[Receiver], instead: Mapping[int, Mapping[tuple[str, str], str]]) -> None:
    """§7.2: each category has at least one receiver. ``instead``: what one is about to choose."""
    chosen: dict[int, dict[tuple[str, str], str]] = {receiver.pk: {} for receiver in receivers}
    rows = Preference.objects.filter(receiver__in=chosen).values_list("receiver_id", "category", "channel", "how")
    for pk, category, channel, setting in rows:
        if pk is not None:
            chosen[pk][category, channel] = setting
    chosen |= {pk: dict(choices) for pk, choices in instead.items()}
    for category in Category:
        recipients = [
            receiver.pk
            for receiver in receivers
            for channel in RECEIVER_CHANNELS
            if (channel != Channel.SMS or receiver.phone)
            and chosen[receiver.pk].get((category, channel), DeliveryChoice.ON) != DeliveryChoice.OFF
        ]
        if not recipients:
            message = _("“%(category)s” would have no receiver. Each category needs at least one receiver.")
            raise Refused("receiver.category_empty", message % {"category": category.label})


def set_receiver_preferences(receiver: Receiver, owner: Owner, chosen: Mapping[tuple[str, str], str]) -> None:
    """Raises ``Refused`` when a category would have nobody."""
    with transaction.atomic():
        lock_owner(owner)
        confirmed_receivers = [candidate for candidate in receivers_of(owner) if candidate.is_confirmed]
        if receiver.is_confirmed:
            _check_categories(confirmed_receivers, {receiver.pk: chosen})
        save_preferences(chosen, receiver=receiver)


def save_preferences(chosen: Mapping[tuple[str, str], str], **whose: object) -> None:
    """What somebody wants, whole: a row for each that is not at once. ``whose``: ``user``, ``receiver`` or ``endpoint``."""
    with transaction.atomic():
        Preference.objects.filter(**whose).delete()
        Preference.objects.bulk_create(
            Preference(category=category, channel=channel, how=setting, **whose)
            for (category, channel), setting in sorted(chosen.items())
            if setting != DeliveryChoice.ON
        )


def preferences_of(**whose: object) -> dict[tuple[str, str], str]:
    """What somebody wants otherwise than at once."""
    rows = Preference.objects.filter(**whose).values_list("category", "channel", "how")
    return {(category, channel): setting for category, channel, setting in rows}


def find_receiver(owner: Owner, pk: int) -> Receiver | None:
    return receivers_of(owner).filter(pk=pk).first()
