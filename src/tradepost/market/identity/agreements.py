"""Versions of agreements: publish them, accept them, list those to accept (business-rules §1.5).

A version is never changed. With an order, a buyer accepts the version in force at that time: ``in_force``."""

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
"""Agreements that a seller accepts once; buyers accept theirs with each order."""
NEEDED = (Kind.SELLER, Kind.PUBLISH, Kind.BUYER)
"""Agreements without which nothing can be sold: every order names the agreements that its buyer accepted."""
MIN_LENGTH, MAX_LENGTH = 100, 100_000
MAX_CHANGE_LENGTH = 500


def in_force(kind: str, *, now: datetime) -> Agreement | None:
    """Return the latest version published by then; None if the kind has none."""
    return Agreement.objects.filter(kind=kind, published_at__lte=now).order_by("-number").first()


def number_in_force(kind: str, *, now: datetime) -> Agreement | None:
    """Return the same without its texts."""
    return _published(kind, now).first()


def _published(kind: str, now: datetime) -> QuerySet[Agreement]:
    """Return the versions newest first, without texts."""
    return Agreement.objects.filter(kind=kind, published_at__lte=now).defer("text", "text_en").order_by("-number")


def version_of(kind: str, number: int) -> Agreement | None:
    return Agreement.objects.filter(kind=kind, number=number).first()


def unpublished(kinds: Collection[str] = NEEDED, *, now: datetime) -> list[Kind]:
    """Return the kinds without a version in force, in their order."""
    published_kinds = set(
        Agreement.objects.filter(kind__in=kinds, published_at__lte=now).values_list("kind", flat=True)
    )
    return [Kind(kind) for kind in kinds if kind not in published_kinds]


def versions(kind: str) -> list[Agreement]:
    """Return the versions newest first, without their texts."""
    return list(
        Agreement.objects.filter(kind=kind).defer("text", "text_en").select_related("published_by").order_by("-number")
    )


def publish(kind: str, *, text: str, text_en: str, change: str, by: User, now: datetime) -> Agreement:
    """Publish a new version. Raises ``Refused`` with the invalid field, or if nothing changed."""
    text, text_en, change = checked(kind, text=text, text_en=text_en, change=change)
    with transaction.atomic():
        latest_agreement = Agreement.objects.select_for_update().filter(kind=kind).order_by("-number").first()
        if latest_agreement and (latest_agreement.text, latest_agreement.text_en) == (text, text_en):
            raise _wrong("text", _("The text is identical to the version in force."))
        number = latest_agreement.number + 1 if latest_agreement else 1
        agreement = Agreement.objects.create(
            kind=kind, number=number, text=text, text_en=text_en, change=change, published_at=now, published_by=by
        )
        outbox.publish(AgreementPublished(agreement=agreement.pk), now=now)
    return agreement


def checked(kind: str, *, text: str, text_en: str, change: str) -> tuple[str, str, str]:
    """Return both texts and the change as they are stored. Raises ``Refused`` with the field that is wrong."""
    if kind not in Kind:
        raise Refused("agreement.kind", _("This agreement does not exist."), HTTPStatus.NOT_FOUND)
    text, text_en, change = (part.replace("\r\n", "\n").strip() for part in (text, text_en, change))
    for field, value in (("text", text), ("text_en", text_en)):
        if not MIN_LENGTH <= len(value) <= MAX_LENGTH:
            message = _("An agreement has between %(least)s and %(most)s characters, in both languages.")
            raise _wrong(field, message % {"least": MIN_LENGTH, "most": MAX_LENGTH})
    if len(change) > MAX_CHANGE_LENGTH or (not change and Agreement.objects.filter(kind=kind).exists()):
        raise _wrong(
            "change",
            _(
                "Summarise the changes in one or two sentences. People who must accept the agreement see this summary "
                "first."
            ),
        )
    return text, text_en, change


def _wrong(field: str, words: str) -> Refused:
    return Refused("agreement.text", words, HTTPStatus.UNPROCESSABLE_ENTITY, field=field)


def accept(seller: Seller, agreement: Agreement, *, by: User, now: datetime) -> None:
    """Accept this version for the seller; repeating it has no effect. Raises ``Refused`` if it is not the latest
    version."""
    latest_agreement = in_force(agreement.kind, now=now)
    if agreement.kind not in OF_SELLERS or latest_agreement is None or latest_agreement.pk != agreement.pk:
        raise Refused(
            "agreement.changed", _("There is a newer version of this agreement. Read that one."), field="agreed"
        )
    Acceptance.objects.get_or_create(
        seller=seller, agreement=agreement, defaults={"by": by, "by_email": by.email, "at": now}
    )


def agreements_to_accept(seller: Seller, kinds: Collection[str] = OF_SELLERS, *, now: datetime) -> list[Agreement]:
    """Return the versions in force that this seller has not accepted yet, in the order of their kinds."""
    latest_numbers = (
        Agreement.objects.filter(kind__in=kinds, published_at__lte=now).values("kind").annotate(last=Max("number"))
    )
    numbers = {row["kind"]: row["last"] for row in latest_numbers}
    in_force_versions = [
        version for version in Agreement.objects.filter(kind__in=numbers) if version.number == numbers[version.kind]
    ]
    accepted_numbers = set(
        Acceptance.objects.filter(seller=seller, agreement__in=in_force_versions).values_list("agreement", flat=True)
    )
    order = list(kinds)
    return sorted(
        (version for version in in_force_versions if version.pk not in accepted_numbers),
        key=lambda version: order.index(version.kind),
    )


def accepted_versions(sellers: Collection[int], kind: str, *, now: datetime) -> dict[int, Agreement]:
    """Return by seller the latest version that it accepted, without the texts.

    A newer version binds a seller only after acceptance. A seller that accepted none gets the version in force."""
    versions = {version.pk: version for version in _published(kind, now)}
    if not versions:
        return {}
    acceptances = Acceptance.objects.filter(seller__in=sellers, agreement__in=versions).values("seller").annotate(
        latest=Max("agreement__number")
    )  # fmt: skip
    numbers = {row["seller"]: row["latest"] for row in acceptances}
    by_number = {version.number: version for version in versions.values()}
    latest_agreement = by_number[max(by_number)]
    return {seller: by_number.get(numbers.get(seller, 0), latest_agreement) for seller in sellers}


def accepted_by(seller: Seller) -> list[Acceptance]:
    """Return the acceptances, newest first."""
    return list(Acceptance.objects.filter(seller=seller).select_related("agreement").order_by("-at", "-pk"))
