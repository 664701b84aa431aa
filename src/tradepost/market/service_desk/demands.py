"""Somebody raises a demand, finds it again by its link, and may withdraw it (business-rules §9).

The link holds a secret that stands in the database as a keyed hash, to find the row, and sealed, since later mails hold it too.
What was typed goes into no mail to an address that nobody has confirmed: else the market would post anybody's words to anybody.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta
from http import HTTPStatus

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from msgspec import Struct

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.base.secrets import fingerprints, seal, unseal
from tradepost.market.identity import throttling
from tradepost.market.identity.models import User

from .customer_demands import recall
from .demand_models import LONGEST_REQUIREMENT
from .desk_rules import DeskRules
from .events import DemandRaised
from .lifecycle import DEMAND, DemandEvent
from .models import Demand
from .words_given import bounded, words, wrong

LINK = "demand link"
LONGEST_CONTACT, LONGEST_EMAIL, LONGEST_SEARCH = 64, 254, 100
SHORTEST_REQUIREMENT = 5
DAY = timedelta(days=1)
_PHONE = re.compile(r"\+?[0-9(][0-9()\- ]{3,30}[0-9]")


class RaiseDemand(Struct, frozen=True, kw_only=True):
    """What somebody asks for; mail or telephone, or both. ``entered_by``: the operator who read it in a mail.
    ``idempotency_key`` names the request, so that it makes one demand however often it is sent."""

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
    """So many demands a day from ``who``, and for one address. ``wall``: real time."""

    who: str
    a_day: int
    wall: datetime


class Raised(Struct, frozen=True):
    demand: Demand
    token: str


def raise_demand(asked: RaiseDemand, *, rules: DeskRules, allowed: Allowance | None, now: datetime) -> Raised:
    """Keep it, and tell operators and who asked; one that is sent again is the demand that there is. ``allowed`` None: an
    operator enters it. Raises ``Refused``, and nothing was changed then."""
    contact = words(asked.contact, "contact", missing=_("Say whom to answer."), longest=LONGEST_CONTACT)
    missing = _("Say what you need: operators and sellers answer by it.")
    requirement = words(asked.requirement, "requirement", missing=missing, longest=LONGEST_REQUIREMENT)
    if len(requirement) < SHORTEST_REQUIREMENT:
        raise wrong("requirement", _("Say a little more, so that somebody can answer."))
    email, phone = _email(asked.email), _phone(asked.phone)
    if not email and not phone:
        raise wrong("email", _("Give an e-mail address or a telephone number to be answered at."))
    if (before := _sent_before(asked.idempotency_key)) is not None:
        return before
    token = secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            if allowed is not None:
                _count(allowed, email)
            demand = Demand.objects.create(
                origin=Demand.Origin.MAIL if asked.entered_by else Demand.Origin.PAGE, buyer=asked.buyer, contact=contact,
                email=email, phone=phone, language=asked.language, requirement=requirement,
                searched=asked.searched.strip()[:LONGEST_SEARCH], shares_contact=asked.shares_contact,
                entered_by=asked.entered_by, token_hash=fingerprints(LINK, token)[0], sealed_token=seal(token),
                created_at=now, due_at=rules.demand_due(now), idempotency_key=asked.idempotency_key,
            )  # fmt: skip
            outbox.publish(DemandRaised(demand=demand.pk), now=now)
    except IntegrityError:
        if (before := _sent_before(asked.idempotency_key)) is None:
            raise
        return before  # at the same moment
    return Raised(demand, token)


def _sent_before(key: str) -> Raised | None:
    """The demand that this request made already."""
    found = Demand.objects.filter(idempotency_key=key).first() if key else None
    return None if found is None else Raised(found, token_of(found))


def _count(allowed: Allowance, email: str) -> None:
    """A stranger who is bounded by the network could still have many mails sent to one address from many networks."""
    for what in (f"demand of {allowed.who}", f"demand for {email.casefold()}" if email else ""):
        if what and throttling.window(what, most=allowed.a_day, length=DAY, now=allowed.wall):
            raise Refused(
                "demand.too_often",
                _("You have sent many demands today. Go on tomorrow, or write them into one."),
                HTTPStatus.TOO_MANY_REQUESTS,
            )


def _email(text: str) -> str:
    email = bounded(text, "email", longest=LONGEST_EMAIL)
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise wrong("email", _("This is not an e-mail address.")) from None
    return email


def _phone(text: str) -> str:
    phone = bounded(text, "phone", longest=32)
    if phone and not _PHONE.fullmatch(phone):
        raise wrong("phone", _("Digits, blanks, + and - only, for example +86 139 0000 0000."))
    return phone


def find_by_link(token: str) -> Demand | None:
    """The demand that a link leads to; None for any other text."""
    if not 20 <= len(token) <= 64:
        return None
    found = Demand.objects.select_related("product", "seller", "buyer")
    return found.filter(token_hash__in=fingerprints(LINK, token)).first()


def token_of(demand: Demand) -> str:
    """What the link of this demand holds. Raises ``ValueError`` when the market's secret key no longer opens it."""
    return unseal(demand.sealed_token)


def mails_receipt(demand: Demand, *, now: datetime) -> bool:
    """Whether the address that was given is to be told that the demand is here: once, and where there is one."""
    return bool(demand.email) and bool(
        Demand.objects.filter(pk=demand.pk, receipt_mailed_at=None).update(receipt_mailed_at=now)
    )


def mails_answer(demand: Demand, *, now: datetime) -> bool:
    """The same of its answer."""
    return bool(demand.email) and bool(
        Demand.objects.filter(pk=demand.pk, answer_mailed_at=None).update(answer_mailed_at=now)
    )


def answers_by_sms(demand: Demand, *, now: datetime) -> bool:
    """Whether the answer goes to the telephone that was given: once, and where there is neither an address nor an account.
    Only the answer does, which somebody of the market decided on: else strangers would have SMS sent to any number."""
    return bool(demand.phone and not demand.email and demand.buyer_id is None) and bool(
        Demand.objects.filter(pk=demand.pk, answer_mailed_at=None).update(answer_mailed_at=now)
    )


def withdraw(demand: Demand, *, now: datetime) -> None:
    """Who asked needs it no more. Raises ``IllegalTransition`` once it is answered."""
    with transaction.atomic():
        standing = locked(demand)
        DEMAND.move_all([standing], DemandEvent.WITHDRAW, now=now, actor="asker", ended_at=now)
        recall(standing, now=now)


def locked(demand: Demand) -> Demand:
    """Whoever acts on a demand locks it first, then what was passed to a seller."""
    return Demand.objects.select_for_update(of=("self",)).get(pk=demand.pk)
