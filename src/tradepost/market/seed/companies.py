"""The demo's sellers are companies: admitted, certified, with every agreement accepted, by the verbs that decisions use."""

from __future__ import annotations

from datetime import datetime

from stdnum.cn import uscc

from tradepost.market.identity import agreements, certify, enter
from tradepost.market.identity.certify import CertificationDocument, sealed_account
from tradepost.market.identity.companies import CompanyDocument
from tradepost.market.identity.models import Member, Seller, User

from .people import OPERATOR, DemoSeller

BY = OPERATOR.email


def enter_seller(said: DemoSeller, owner: User, now: datetime) -> Seller:
    """The seller of this slug; a new one comes in and is ready to publish. One that is there stays as it is."""
    standing = Seller.objects.filter(slug=said.slug).first()
    if standing is not None:
        return standing
    seller = Seller.objects.create(
        name=said.name.zh,
        slug=said.slug,
        contact_email=said.contact_email,
        status=Seller.Status.APPLICANT,
        created_at=now,
    )
    Member.objects.create(seller=seller, user=owner, role=Member.Role.OWNER, joined_at=now)
    enter.admit(seller, _company(said), by=BY, now=now)
    for agreement in agreements.to_accept(seller, now=now):
        agreements.accept(seller, agreement, by=owner, now=now)
    certify.certify(seller, certification(said), now=now)
    return seller


def _company(said: DemoSeller) -> CompanyDocument:
    return CompanyDocument(
        name=said.name.zh,
        name_en=said.name.en,
        registration_number=registration_number(said.slug),
        founded_on=said.founded,
        capital=said.capital,
        staff=said.staff,
        province=said.province,
        city=said.city,
        street=said.street,
        website=said.website,
        about=said.about.zh,
        about_en=said.about.en,
        contact_name=said.contact,
        contact_phone=said.phone or "400-555-0100",
        contact_email=said.contact_email,
        service_phone=said.phone,
        service_email=said.contact_email,
        service_days="5",
        service_from="09:00",
        service_until="18:00",
    )


def registration_number(slug: str) -> str:
    """A code whose check digit is right; its middle is a word of the demo, so that no company has it."""
    letters = "".join(letter for letter in slug.upper() if letter in "0123456789ABCDEFGHJKLMNPQRTUWXY")
    body = f"91330100MA{letters}"[:17].ljust(17, "0")
    return str(body + uscc.calc_check_digit(body))


def certification(said: DemoSeller) -> CertificationDocument:
    """The bank account is one of the demo, sealed by the key of this installation."""
    sealed, hint = sealed_account(f"6222020200{sum(said.slug.encode()):09d}")
    return CertificationDocument(
        account_holder=said.name.zh,
        bank="示例银行",
        branch=f"{said.city}支行",
        sealed_account=sealed,
        account_hint=hint,
        taxpayer="general",
        tax_rate="6",
        finance_name=said.contact,
        finance_phone=said.phone or "400-555-0100",
        finance_email=said.contact_email,
    )
