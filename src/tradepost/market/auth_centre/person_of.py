"""Convert a member's rows to a ``claims.Person``."""

from __future__ import annotations

from tradepost.market.organisations.models import Member

from .claims import Person
from .may_sign_in import Access


def person_of(member: Member, access: Access) -> Person:
    """Convert a member. Fetch enterprise and department beforehand."""
    profile = member.profile
    return Person(
        public_id=member.public_id,
        user_name=member.user_name,
        name=member.name,
        email=str(profile.get("email") or ""),
        mobile=str(profile.get("mobile") or ""),
        role=access.role,
        department=member.department.name,
        department_code=member.department.code,
        enterprise=member.enterprise.name,
        tenant=member.enterprise.public_id,
        released=access.released,
    )
