"""Entry of a company: its account becomes an applicant, an operator admits it, and later it may be suspended or leave
(business-rules §1.4).

``review`` has the submissions and decisions; this module applies them."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tradepost.market.base import ids, outbox
from tradepost.market.base.errors import Refused

from .companies import CompanyDocument, CompanyFacts, facts_of
from .company_models import Company
from .events import SellerAdmitted, SellerExited, SellerResumed, SellerSuspended
from .keys import revoke_all_keys
from .lifecycle import SELLER, SellerEvent
from .members_models import FormerMember
from .models import Member, Seller, User
from .registration import check_may_apply_to_sell

MAX_REASON_LENGTH = 500
_MAX_SLUG_TRIES = 20
_PLACEHOLDER = "applicant-"
"""Prefix of the slug of a company without a name."""


def apply(user: User, *, now: datetime) -> Seller:
    """Return the applicant of this account; created on the first call.

    Raises ``Refused`` for an account that acts for a seller, or for one that has left: an account enters once (§1.4
    steps 3 and 'Exit')."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        members = list(Member.objects.filter(user=user).select_related("seller"))
        for member in members:
            if member.seller.status == Seller.Status.APPLICANT and member.role == Member.Role.OWNER:
                return member.seller
        if any(member.seller.status == Seller.Status.EXITED for member in members):
            raise Refused("enter.exited", _("The company of this account left the market. It cannot enter again."))
        if members:
            raise Refused(
                "enter.member",
                _("This account already acts for a seller. Register another company with a separate account."),
            )
        check_may_apply_to_sell(user, now=now)
        seller = Seller.objects.create(
            name=(user.company or user.name or user.email)[:128],
            slug=f"{_PLACEHOLDER}{ids.hex_id()[:12]}",
            contact_email=user.email,
            contact_phone=user.phone,
            status=Seller.Status.APPLICANT,
            created_at=now,
        )
        Member.objects.create(seller=seller, user=user, role=Member.Role.OWNER, joined_at=now)
    return seller


def taken_by_another(registration_number: str, seller: Seller | None) -> bool:
    """Return whether another seller has, or had, this registration number, which is never reassigned."""
    other_users = Company.objects.filter(registration_number=registration_number)
    return (other_users.exclude(seller=seller) if seller else other_users).exists()


def admit(seller: Seller, document: CompanyDocument, *, by: str, now: datetime) -> None:
    """Turn the applicant into a seller. ``by``: who decided. Raises ``Refused`` if another seller has its
    registration number."""
    facts = facts_of(document)
    with transaction.atomic():
        SELLER.move(seller, SellerEvent.ADMIT, now=now, actor=by)
        _store(seller, facts, now=now)
        if seller.slug.startswith(_PLACEHOLDER):
            seller.slug = _slug(document.name_en, seller)
        seller.save(update_fields=["slug"])
        outbox.publish(SellerAdmitted(seller=seller.pk), now=now)


def change_company(seller: Seller, document: CompanyDocument, *, now: datetime) -> None:
    """Replace the data of a company. Raises ``Refused`` for a different registration number, which means another
    legal entity (§1.4 'Info change')."""
    facts = facts_of(document)
    company = Company.objects.filter(seller=seller).first()
    if company and company.registration_number != facts.of_company["registration_number"]:
        raise another_entity()
    with transaction.atomic():
        _store(seller, facts, now=now)


def another_entity() -> Refused:
    return Refused(
        "company.entity",
        _(
            "The legal entity cannot change, so the registration number must stay the same. A different company needs a separate account."
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY,
        field="registration_number",
    )


def _store(seller: Seller, facts: CompanyFacts, *, now: datetime) -> None:
    for name, value in facts.of_seller.items():
        setattr(seller, name, value)
    seller.save(update_fields=list(facts.of_seller))
    try:
        with transaction.atomic():
            Company.objects.update_or_create(seller=seller, defaults={**facts.of_company, "updated_at": now})
    except IntegrityError:
        raise registered_already() from None


def registered_already() -> Refused:
    return Refused(
        "enter.registered", _(
            "A company with this registration number has already entered. Each company can enter only once."),
        HTTPStatus.CONFLICT, field="registration_number",
    )  # fmt: skip


def _slug(name: str, seller: Seller) -> str:
    """Return a slug from the English name, with a number if the slug is taken."""
    base = slugify(name)[:40].strip("-") or f"seller-{seller.pk}"
    for number in range(1, _MAX_SLUG_TRIES):
        slug = base if number == 1 else f"{base}-{number}"
        if not Seller.objects.filter(slug=slug).exclude(pk=seller.pk).exists():
            return slug
    return f"{base[:32]}-{ids.hex_id()[:8]}"


def document_of(seller: Seller) -> CompanyDocument:
    """Return the stored data as a document, with which a change begins and is compared. Empty fields if nothing is
    stored."""
    company = Company.objects.filter(seller=seller).first()
    basics = CompanyDocument(
        name=seller.name, name_en=seller.name_en, website=seller.website, about=seller.about, about_en=seller.about_en,
        service_phone=seller.contact_phone, service_email=seller.contact_email,
    )  # fmt: skip
    if company is None:
        return basics
    copied_fields = (
        "registration_number", "province", "city", "district", "street", "logo", "licence", "contact_name", "contact_phone",
        "contact_email", "service_from", "service_until",
    )  # fmt: skip
    market_contact = {f"market_{part}": value for part, value in company.market_contact.items()}
    return CompanyDocument(
        **{name: getattr(basics, name) for name in ("name", "name_en", "website", "about", "about_en")},
        service_phone=seller.contact_phone,
        service_email=seller.contact_email,
        **{name: getattr(company, name) for name in copied_fields},
        founded_on=company.founded_on.isoformat(),
        capital=str(company.capital),
        staff=str(company.staff),
        service_days=str(company.service_days),
        **market_contact,
    )


def suspend(seller: Seller, *, reason: str, by: str, now: datetime) -> None:
    """Stop the sales of a seller; its members can only read until it is resumed. Raises ``Refused`` without a
    reason."""
    reason = _reason(reason)
    with transaction.atomic():
        SELLER.move_all([seller], SellerEvent.SUSPEND, now=now, actor=by, note=reason, status_reason=reason)
        outbox.publish(SellerSuspended(seller=seller.pk), now=now)


def resume(seller: Seller, *, reason: str, by: str, now: datetime) -> None:
    reason = _reason(reason)
    with transaction.atomic():
        SELLER.move_all([seller], SellerEvent.RESUME, now=now, actor=by, note=reason, status_reason="")
        outbox.publish(SellerResumed(seller=seller.pk), now=now)


def _reason(reason: str) -> str:
    reason = " ".join(reason.split())
    if not reason or len(reason) > MAX_REASON_LENGTH:
        raise Refused(
            "seller.reason", _(
                "Enter a reason of at most %(most)s characters. The seller can see it.") % {"most": MAX_REASON_LENGTH},
            HTTPStatus.UNPROCESSABLE_ENTITY, field="reason",
        )  # fmt: skip
    return reason


def leave(seller: Seller, *, by: str, now: datetime) -> None:
    """Let the seller leave permanently: revoke its keys and remove its members. Owners stay, to see what was earned.

    Whether it may leave is checked before (``review/kinds/exit``)."""
    with transaction.atomic():
        SELLER.move(seller, SellerEvent.LEAVE, now=now, actor=by)
        revoke_all_keys(seller, now=now)
        removed_members = Member.objects.filter(seller=seller).exclude(role=Member.Role.OWNER)
        FormerMember.note(seller.pk, list(removed_members.values_list("user_id", flat=True)), now=now)
        removed_members.delete()
        outbox.publish(SellerExited(seller=seller.pk), now=now)
