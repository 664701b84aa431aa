"""Agreements with versions: publish a new one, accept it, say which still wait for acceptance (business-rules §1.5).

A version is never changed. What buyers accept with an order is the version in force at that moment: ``in_force``.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from http import HTTPStatus

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused

from .company_models import Acceptance, Agreement
from .events import AgreementPublished
from .models import Seller, User

Kind = Agreement.Kind
OF_SELLERS = (Kind.SELLER, Kind.PUBLISH)
"""Those that a seller accepts for itself; buyers accept theirs with each order."""
SHORTEST, LONGEST = 100, 100_000
LONGEST_CHANGE = 500


def in_force(kind: str, *, now: datetime) -> Agreement | None:
    """The latest version that was published by then; None for a kind that has none."""
    return Agreement.objects.filter(kind=kind, published_at__lte=now).order_by("-number").first()


def number_in_force(kind: str, *, now: datetime) -> Agreement | None:
    """The same without its texts."""
    return _published(kind, now).first()


def _published(kind: str, now: datetime) -> QuerySet[Agreement]:
    """Newest first, without texts."""
    return Agreement.objects.filter(kind=kind, published_at__lte=now).defer("text", "text_en").order_by("-number")


def version_of(kind: str, number: int) -> Agreement | None:
    return Agreement.objects.filter(kind=kind, number=number).first()


def versions(kind: str) -> list[Agreement]:
    """Newest first, without their texts."""
    return list(
        Agreement.objects.filter(kind=kind).defer("text", "text_en").select_related("published_by").order_by("-number")
    )


def publish(kind: str, *, text: str, text_en: str, change: str, by: User, now: datetime) -> Agreement:
    """Put a new version in force. Raises ``Refused`` with the field that is wrong, and when nothing changed."""
    if kind not in Kind:
        raise Refused("agreement.kind", _("There is no such agreement."), HTTPStatus.NOT_FOUND)
    text, text_en, change = (_unix(part) for part in (text, text_en, change))
    for field, value in (("text", text), ("text_en", text_en)):
        if not SHORTEST <= len(value) <= LONGEST:
            said = _("An agreement has between %(least)s and %(most)s characters, in both languages.")
            raise _wrong(field, said % {"least": SHORTEST, "most": LONGEST})
    if not change or len(change) > LONGEST_CHANGE:
        raise _wrong("change", _("Say in a sentence or two what is new: those who must accept it read that first."))
    with transaction.atomic():
        latest = Agreement.objects.select_for_update().filter(kind=kind).order_by("-number").first()
        if latest and (latest.text, latest.text_en) == (text, text_en):
            raise _wrong("text", _("This is the version that is in force: nothing was changed."))
        number = latest.number + 1 if latest else 1
        made = Agreement.objects.create(
            kind=kind, number=number, text=text, text_en=text_en, change=change, published_at=now, published_by=by
        )
        outbox.publish(AgreementPublished(agreement=made.pk), now=now)
    return made


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _wrong(field: str, words: str) -> Refused:
    return Refused("agreement.text", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def accept(seller: Seller, agreement: Agreement, *, by: User, now: datetime) -> None:
    """The seller agrees to this version; doing it again changes nothing. Raises ``Refused`` for one that is not the latest:
    nobody signs what no longer counts."""
    latest = in_force(agreement.kind, now=now)
    if agreement.kind not in OF_SELLERS or latest is None or latest.pk != agreement.pk:
        raise Refused(
            "agreement.changed", _("There is a newer version of this agreement. Read that one."), field="agreed"
        )
    Acceptance.objects.get_or_create(
        seller=seller, agreement=agreement, defaults={"by": by, "by_email": by.email, "at": now}
    )


def to_accept(seller: Seller, kinds: Collection[str] = OF_SELLERS, *, now: datetime) -> list[Agreement]:
    """The versions in force that this seller has not accepted yet, in the order of their kinds."""
    latest = Agreement.objects.filter(kind__in=kinds, published_at__lte=now).values("kind").annotate(last=Max("number"))
    numbers = {row["kind"]: row["last"] for row in latest}
    wanted = [each for each in Agreement.objects.filter(kind__in=numbers) if each.number == numbers[each.kind]]
    accepted = set(Acceptance.objects.filter(seller=seller, agreement__in=wanted).values_list("agreement", flat=True))
    order = list(kinds)
    return sorted((each for each in wanted if each.pk not in accepted), key=lambda each: order.index(each.kind))


def binding_on(sellers: Collection[int], kind: str, *, now: datetime) -> dict[int, Agreement]:
    """Return by seller the latest version that it accepted, without the texts.

    A newer version binds a seller only when it accepts it. A seller that accepted none has the version in force.
    """
    versions = {version.pk: version for version in _published(kind, now)}
    if not versions:
        return {}
    accepted = Acceptance.objects.filter(seller__in=sellers, agreement__in=versions).values("seller").annotate(
        latest=Max("agreement__number")
    )  # fmt: skip
    numbers = {row["seller"]: row["latest"] for row in accepted}
    by_number = {version.number: version for version in versions.values()}
    latest = by_number[max(by_number)]
    return {seller: by_number.get(numbers.get(seller, 0), latest) for seller in sellers}


def accepted_by(seller: Seller) -> list[Acceptance]:
    """Newest first."""
    return list(Acceptance.objects.filter(seller=seller).select_related("agreement").order_by("-at", "-pk"))
