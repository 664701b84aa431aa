"""Raise a demand, find it by its link, and withdraw it (business-rules §9).

The secret of the link is stored as a keyed hash for lookups, and sealed for later mails. Mails to an unconfirmed
address never contain the entered text; otherwise strangers could send any text to any address.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.reseal import KeyedHash
from tradepost.market.base.secrets import fingerprints, seal, unseal
from tradepost.market.identity import limits, throttling
from tradepost.market.identity.models import User

from .customer_demands import recall_from_seller
from .demand_models import MAX_REQUIREMENT_LENGTH
from .desk_rules import DeskRules
from .events import DemandRaised
from .lifecycle import DEMAND, DemandEvent
from .models import Demand
from .text_checks import invalid, limited_text, required_text

LINK_PURPOSE = "demand link"
HASHES = KeyedHash(model=Demand, column="token_hash", sealed="sealed_token", purpose=lambda _demand: LINK_PURPOSE)
MAX_CONTACT_LENGTH, MAX_EMAIL_LENGTH, MAX_SEARCH_LENGTH = 64, 254, 100
MIN_REQUIREMENT_LENGTH = 5
_PHONE = re.compile(r"\+?[0-9(][0-9()\- ]{3,30}[0-9]")


class RaiseDemand(Struct, frozen=True, kw_only=True):
    """A new demand with an email address, a phone number or both.

    ``entered_by``: the operator who entered a mail. ``idempotency_key``: identifies the request, so that repetitions
    create one demand.
    """

    contact: str
    email: str
    phone: str
    requirement: str
    language: str
    searched: str = ""
    shares_contact: bool = False
    buyer: User | None = None
    entered_by: str = ""
    idempotency_key: str = ""


class Allowance(Struct, frozen=True, kw_only=True):
    """The daily limit of demands from ``who`` and for an email address. ``wall``: real time."""

    who: str
    a_day: int
    wall: datetime


class Raised(Struct, frozen=True):
    demand: Demand
    token: str


def raise_demand(command: RaiseDemand, *, rules: DeskRules, allowed: Allowance | None, now: datetime) -> Raised:
    """Store the demand and notify operators and the requester. A repeated request returns the existing demand.

    ``allowed``: None if an operator enters it. Raises ``Refused`` and then changes nothing.
    """
    contact = required_text(command.contact, "contact", missing=_("Enter a contact name."), longest=MAX_CONTACT_LENGTH)
    missing_message = _("Describe what you need. Operators and sellers use it to answer.")
    requirement = required_text(
        command.requirement, "requirement", missing=missing_message, longest=MAX_REQUIREMENT_LENGTH
    )
    if len(requirement) < MIN_REQUIREMENT_LENGTH:
        raise invalid("requirement", _("Describe your demand in more detail, so that it can be answered."))
    email, phone = _email(command.email), _phone(command.phone)
    if not email and not phone:
        raise invalid("email", _("Enter an e-mail address or a telephone number for the answer."))
    if (existing := _existing_demand(command.idempotency_key)) is not None:
        return existing
    token = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            if allowed is not None:
                _count_demand(allowed, email)
            demand = Demand.objects.create(
                origin=Demand.Origin.MAIL if command.entered_by else Demand.Origin.PAGE, buyer=command.buyer, contact=contact,
                email=email, phone=phone, language=command.language, requirement=requirement,
                searched=command.searched.strip()[:MAX_SEARCH_LENGTH], shares_contact=command.shares_contact,
                entered_by=command.entered_by, token_hash=fingerprints(LINK_PURPOSE, token)[0], sealed_token=seal(token),
                created_at=now, due_at=rules.demand_due(now), idempotency_key=command.idempotency_key,
            )  # fmt: skip
            outbox.publish(DemandRaised(demand=demand.pk), now=now)
    except IntegrityError:
        if (existing := _existing_demand(command.idempotency_key)) is None:
            raise
        return existing  # a simultaneous request
    return Raised(demand, token)


def _existing_demand(key: str) -> Raised | None:
    """Return the demand that this request has already created."""
    demand = Demand.objects.filter(idempotency_key=key).first() if key else None
    return None if demand is None else Raised(demand, token_of(demand))


def _count_demand(allowance: Allowance, email: str) -> None:
    """Count the demand. The limit per address prevents mass mails from many networks to one address."""
    for limit, key in ((limits.DEMANDS, allowance.who), (limits.DEMANDS_FOR_AN_EMAIL, email.casefold())):
        if key and (wait := throttling.count(limit, key, most=allowance.a_day, now=allowance.wall)):
            raise Refused(
                "demand.too_often",
                _("You have reached today's limit for demands. Try again tomorrow, or combine your demands into one."),
                HTTPStatus.TOO_MANY_REQUESTS,
                wait=wait,
            )


def _email(text: str) -> str:
    email = limited_text(text, "email", longest=MAX_EMAIL_LENGTH)
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise invalid("email", _("This is not an e-mail address.")) from None
    return email


def _phone(text: str) -> str:
    phone = limited_text(text, "phone", longest=32)
    if phone and not _PHONE.fullmatch(phone):
        raise invalid("phone", _("Digits, spaces, + and - only, for example +86 139 0000 0000."))
    return phone


def find_by_link(token: str) -> Demand | None:
    """Return the demand of a link; None for any other text."""
    if not 20 <= len(token) <= 64:
        return None
    demands = Demand.objects.select_related("product", "seller", "buyer")
    return demands.filter(token_hash__in=fingerprints(LINK_PURPOSE, token)).first()


def token_of(demand: Demand) -> str:
    """Return the secret of the demand's link. Raises ``ValueError`` if the market's secret key cannot open it."""
    return unseal(demand.sealed_token)


def mails_receipt(demand: Demand, *, now: datetime) -> bool:
    """Return whether to mail a receipt to the given address. True once."""
    return bool(demand.email) and bool(
        Demand.objects.filter(pk=demand.pk, receipt_mailed_at=None).update(receipt_mailed_at=now)
    )


def mails_answer(demand: Demand, *, now: datetime) -> bool:
    """Return whether to mail the answer to the given address. True once."""
    return bool(demand.email) and bool(
        Demand.objects.filter(pk=demand.pk, answer_mailed_at=None).update(answer_mailed_at=now)
    )


def answers_by_sms(demand: Demand, *, now: datetime) -> bool:
    """Return whether to send the answer by SMS. True once, if there is neither an email address nor an account.

    Only answers are sent by SMS, after a decision of the market. Otherwise strangers could send SMS to any number.
    """
    return bool(demand.phone and not demand.email and demand.buyer_id is None) and bool(
        Demand.objects.filter(pk=demand.pk, answer_mailed_at=None).update(answer_mailed_at=now)
    )


def withdraw(demand: Demand, *, now: datetime) -> None:
    """Withdraw the demand for its requester. Raises ``IllegalTransition`` after the answer."""
    with transaction.atomic():
        locked_demand = lock_demand(demand)
        DEMAND.move_all([locked_demand], DemandEvent.WITHDRAW, now=now, actor="asker", ended_at=now)
        recall_from_seller(locked_demand, now=now)


def lock_demand(demand: Demand) -> Demand:
    """Lock a demand. Every action locks the demand first, then the rows of sellers."""
    return Demand.objects.select_for_update(of=("self",)).get(pk=demand.pk)
