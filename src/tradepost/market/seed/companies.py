"""The demo's sellers as companies: admitted and certified, with all agreements accepted."""

from __future__ import annotations

from datetime import datetime

from stdnum.cn import uscc

from tradepost.market.identity import agreements, certify, enter
from tradepost.market.identity.certify import CertificationDocument, sealed_account
from tradepost.market.identity.companies import CompanyDocument
from tradepost.market.identity.models import Member, Seller, User

from .people import OPERATOR, DemoSeller

ACTOR = OPERATOR.email


def enter_seller(demo_seller: DemoSeller, owner: User, now: datetime) -> Seller:
    """Return the seller with this slug, or create one that is ready to publish. An existing seller is not changed."""
    existing = Seller.objects.filter(slug=demo_seller.slug).first()
    if existing is not None:
        return existing
    seller = Seller.objects.create(
        name=demo_seller.name.zh,
        slug=demo_seller.slug,
        contact_email=demo_seller.contact_email,
        status=Seller.Status.APPLICANT,
        created_at=now,
    )
    Member.objects.create(seller=seller, user=owner, role=Member.Role.OWNER, joined_at=now)
    enter.admit(seller, _company(demo_seller), by=ACTOR, now=now)
    for agreement in agreements.agreements_to_accept(seller, now=now):
        agreements.accept(seller, agreement, by=owner, now=now)
    certify.certify(seller, certification(demo_seller), now=now)
    return seller


def _company(demo_seller: DemoSeller) -> CompanyDocument:
    return CompanyDocument(
        name=demo_seller.name.zh,
        name_en=demo_seller.name.en,
        registration_number=registration_number(demo_seller.slug),
        founded_on=demo_seller.founded,
        capital=demo_seller.capital,
        staff=demo_seller.staff,
        province=demo_seller.province,
        city=demo_seller.city,
        street=demo_seller.street,
        website=demo_seller.website,
        about=demo_seller.about.zh,
        about_en=demo_seller.about.en,
        contact_name=demo_seller.contact,
        contact_phone=demo_seller.phone or "400-555-0100",
        contact_email=demo_seller.contact_email,
        service_phone=demo_seller.phone,
        service_email=demo_seller.contact_email,
        service_days="5",
        service_from="09:00",
        service_until="18:00",
    )


def registration_number(slug: str) -> str:
    """Return a registration number with a valid check digit that no company has."""
    letters = "".join(letter for letter in slug.upper() if letter in "0123456789ABCDEFGHJKLMNPQRTUWXY")
    body = f"91330100MA{letters}"[:17].ljust(17, "0")
    return str(body + uscc.calc_check_digit(body))


def certification(demo_seller: DemoSeller) -> CertificationDocument:
    """Return the certification. Its demo bank account is sealed with the key of this installation."""
    sealed, hint = sealed_account(f"6222020200{sum(demo_seller.slug.encode()):09d}")
    return CertificationDocument(
        account_holder=demo_seller.name.zh,
        bank="示例银行",
        branch=f"{demo_seller.city}支行",
        sealed_account=sealed,
        account_hint=hint,
        taxpayer="general",
        tax_rate="6",
        finance_name=demo_seller.contact,
        finance_phone=demo_seller.phone or "400-555-0100",
        finance_email=demo_seller.contact_email,
    )
