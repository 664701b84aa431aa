"""Receivers of notices: entered by a seller's owner or a buyer, counted once they confirmed mail and phone (business-rules §7.2).

The mail brings a link, the SMS a code that is entered on the page behind the link: who has both has both. The link and the
code are kept as keyed hashes, sealed until they are sent, and end after some days.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import fingerprints, seal
from tradepost.market.identity import throttling
from tradepost.market.identity.models import Seller

from . import facts as f
from .categories import Category, Channel
from .models import NoticeDelivery
from .outgoing import DELIVER_BY
from .owners import Owner, key, lock, of, receivers_of, withhold
from .phones import gets_sms, standard_form
from .receiver_models import Preference, Receiver
from .why_not import How, WhyNot

A_DAY = timedelta(days=1)
CODES_A_DAY = 3
"""That one phone number gets, and mails that one address gets, whoever asks: nobody fills a stranger's with ours."""
OUTSIDE = (Channel.MAIL, Channel.SMS)
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
    address, number = _mail(email), _phone(phone, rules)
    with transaction.atomic():
        lock(owner)
        known = receivers_of(owner)
        if known.count() >= rules.most:
            raise Refused("receiver.too_many", _("There are as many receivers as one may keep. Delete one first."))
        if known.filter(email__iexact=address).exists():
            raise Refused("receiver.known", _("A receiver with this address is there already."), field="email")
        made = Receiver.objects.create(
            **of(owner), name=name.strip(), email=address, phone=number, language=language, created_at=now
        )
        _ask(made, owner, rules, wall=wall, now=now)
    return made


def _mail(email: str) -> str:
    try:
        validate_email(email.strip())
    except ValidationError:
        raise Refused("receiver.email", _("Enter a mail address."), field="email") from None
    return email.strip()


def _phone(phone: str, rules: Rules) -> str:
    if not rules.sms:
        return ""
    number = standard_form(phone)
    if not number or not gets_sms(number):
        told = _("Enter a mobile number, for example 138 0013 8000 or +44 7400 123456: a code goes there by SMS.")
        raise Refused("receiver.phone", told, field="phone")
    return number


def ask_again(receiver: Receiver, owner: Owner, *, rules: Rules, wall: datetime, now: datetime) -> None:
    """A new link and a new code; the former ones open nothing any more. Raises ``Refused``."""
    with transaction.atomic():
        row = Receiver.objects.select_for_update().get(pk=receiver.pk)
        if row.is_confirmed:
            raise Refused("receiver.confirmed", _("This receiver has confirmed already."))
        _ask(row, owner, rules, wall=wall, now=now)


def _ask(receiver: Receiver, owner: Owner, rules: Rules, *, wall: datetime, now: datetime) -> None:
    _not_too_often(receiver, owner, rules, wall)
    token, code = secrets.token_urlsafe(32), f"{secrets.randbelow(10**6):06}"
    receiver.token_hash = fingerprints("receiver link", token)[0]
    receiver.code_hash = fingerprints(f"receiver code {receiver.pk}", code)[0] if receiver.phone else ""
    receiver.confirm_until = now + rules.valid
    receiver.save(update_fields=["token_hash", "code_hash", "confirm_until"])
    facts = {"owner": _named(owner), "name": receiver.name, "until": f.moment(receiver.confirm_until)}
    link = reverse("storefront:receiver_confirm", args=[token])
    _send(receiver, Channel.MAIL, link, facts, now)
    if receiver.phone:
        _send(receiver, Channel.SMS, code, facts, now)


def _not_too_often(receiver: Receiver, owner: Owner, rules: Rules, wall: datetime) -> None:
    asked = (
        (f"confirmations of {key(owner)}", rules.a_day),
        (f"confirmations to {receiver.email.casefold()}", CODES_A_DAY),
        *([(f"confirmations to {receiver.phone}", CODES_A_DAY)] if receiver.phone else []),
    )
    for what, most in asked:
        if throttling.window(what, most=most, length=A_DAY, now=wall):
            raise Refused("receiver.too_often", _("No more confirmations can be sent there today. Try again tomorrow."))


def _send(receiver: Receiver, channel: Channel, secret: str, facts: Mapping[str, object], now: datetime) -> None:
    """``secret``: what the mail leads to, or the code in the SMS."""
    by_mail = channel == Channel.MAIL
    one = NoticeDelivery.objects.create(
        kind="receiver_confirm" if by_mail else "receiver_code", channel=channel,
        address=receiver.email if by_mail else receiver.phone, receiver=receiver, seller=receiver.seller,
        language=receiver.language, facts=dict(facts), sealed_link=seal(secret), created_at=now, next_at=now,
    )  # fmt: skip
    jobs.schedule(DELIVER_BY[channel], str(one.pk), due_at=now)


def _named(owner: Owner) -> f.Json | str:
    return (
        f.names(owner.name, owner.name_en or owner.name) if isinstance(owner, Seller) else (owner.company or str(owner))
    )


def owner_name(receiver: Receiver) -> f.Json | str:
    """Who wants the receiver to be told, as a fact of a notice."""
    owner = receiver.seller or receiver.user
    if owner is None:
        raise LookupError("a receiver without an owner")
    return _named(owner)


def find_asked(token: str, *, now: datetime) -> Receiver | None:
    """Who is asked by this link; None when it is unknown, used or over."""
    hashes = fingerprints("receiver link", token)
    found = Receiver.objects.select_related("seller", "user").filter(token_hash__in=hashes).first()
    if found is None or found.confirm_until is None or now >= found.confirm_until:
        return None
    return found


def confirm(token: str, code: str, *, wall: datetime, now: datetime) -> Receiver:
    """Both at once. Raises ``Refused`` (field ``code``), and then nothing is confirmed."""
    asked = find_asked(token, now=now)
    if asked is None:
        raise Refused("receiver.link", _("This link was used already, or its time is over. Ask for a new one."))
    guess = f"code of receiver {asked.pk}"
    if asked.phone:
        if wait := throttling.guess(guess, now=wall):
            told = _("Too many wrong codes. Try again in %(n)s seconds.") % {"n": wait}
            raise Refused("receiver.too_often", told, field="code")
        given = fingerprints(f"receiver code {asked.pk}", code.strip())
        if not any(hmac.compare_digest(asked.code_hash, one) for one in given):
            raise Refused("receiver.code", _("This is not the code of the SMS."), field="code")
        throttling.guessed(guess)
    Receiver.objects.filter(pk=asked.pk, token_hash=asked.token_hash).update(
        email_confirmed_at=now,
        phone_confirmed_at=now if asked.phone else None,
        token_hash="",
        code_hash="",
        confirm_until=None,
    )
    asked.refresh_from_db()
    return asked


def delete_receiver(receiver: Receiver, owner: Owner) -> None:
    """Raises ``Refused`` when a category would have nobody while others are left."""
    with transaction.atomic():
        lock(owner)
        others = [one for one in receivers_of(owner) if one.pk != receiver.pk and one.is_confirmed]
        if receiver.is_confirmed and others:
            _each_category_has_one(others, {})
        withhold(NoticeDelivery.objects.filter(receiver=receiver), WhyNot.GONE)
        Receiver.objects.filter(pk=receiver.pk).delete()


def _each_category_has_one(receivers: list[Receiver], instead: Mapping[int, Mapping[tuple[str, str], str]]) -> None:
    """§7.2: each category has at least one receiver. ``instead``: what one is about to choose."""
    chosen: dict[int, dict[tuple[str, str], str]] = {one.pk: {} for one in receivers}
    rows = Preference.objects.filter(receiver__in=chosen).values_list("receiver_id", "category", "channel", "how")
    for pk, category, channel, how in rows:
        if pk is not None:
            chosen[pk][category, channel] = how
    chosen |= {pk: dict(wanted) for pk, wanted in instead.items()}
    for category in Category:
        told = [
            one.pk
            for one in receivers
            for channel in OUTSIDE
            if (channel != Channel.SMS or one.phone) and chosen[one.pk].get((category, channel), How.ON) != How.OFF
        ]
        if not told:
            said = _("Nobody would be told of “%(category)s”: each category needs at least one receiver.")
            raise Refused("receiver.category_empty", said % {"category": category.label})


def choose_for_receiver(receiver: Receiver, owner: Owner, chosen: Mapping[tuple[str, str], str]) -> None:
    """Raises ``Refused`` when a category would have nobody."""
    with transaction.atomic():
        lock(owner)
        counted = [one for one in receivers_of(owner) if one.is_confirmed]
        if receiver.is_confirmed:
            _each_category_has_one(counted, {receiver.pk: chosen})
        keep(chosen, receiver=receiver)


def keep(chosen: Mapping[tuple[str, str], str], **whose: object) -> None:
    """What somebody wants, whole: a row for each that is not at once. ``whose``: ``user``, ``receiver`` or ``endpoint``."""
    with transaction.atomic():
        Preference.objects.filter(**whose).delete()
        Preference.objects.bulk_create(
            Preference(category=category, channel=channel, how=how, **whose)
            for (category, channel), how in sorted(chosen.items())
            if how != How.ON
        )


def chosen_by(**whose: object) -> dict[tuple[str, str], str]:
    """What somebody wants otherwise than at once."""
    rows = Preference.objects.filter(**whose).values_list("category", "channel", "how")
    return {(category, channel): how for category, channel, how in rows}


def find_receiver(owner: Owner, pk: int) -> Receiver | None:
    return receivers_of(owner).filter(pk=pk).first()
