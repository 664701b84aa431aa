"""Enterprises with an administrator, departments and members, created by the market's own functions."""

from __future__ import annotations

from datetime import datetime
from itertools import count

from tradepost.market.identity.models import User
from tradepost.market.organisations import departments, enterprise, members
from tradepost.market.organisations.departments import DepartmentLimits
from tradepost.market.organisations.enterprise import FoundEnterprise
from tradepost.market.organisations.initial_password import NewPassword
from tradepost.market.organisations.locking import add_to_count
from tradepost.market.organisations.members import Person
from tradepost.market.organisations.models import Department, Enterprise, Member

from .people import NOW, make_buyer

BOUNDS = DepartmentLimits(most=5_000, deepest=10)
_numbers = count(1)


def make_admin(user: User | None = None, *, code: str = "", name: str = "", now: datetime = NOW) -> Member:
    """Return the founder of a new enterprise, its only administrator."""
    number = next(_numbers)
    wanted = FoundEnterprise(
        name=name or f"蓝天制造{number}", code=code or f"lantian-{number}", user_name="li.lei", person="李雷"
    )
    return enterprise.found_enterprise(user or make_buyer(balance="0"), wanted, most=100, now=now)


def head_office(of: Enterprise) -> Department:
    """Return the department that an enterprise starts with."""
    return Department.objects.filter(enterprise=of).earliest("pk")


def make_department(by: Member, *, code: str = "", name: str = "", parent: Department | None = None) -> Department:
    number = next(_numbers)
    above = parent or head_office(by.enterprise)
    return departments.add(
        by.enterprise, code or f"D{number}", name or f"部门{number}", parent=above.pk, by=by, bounds=BOUNDS, now=NOW
    )


def make_managed(by: Member, user_name: str = "", *, now: datetime = NOW, **fields: object) -> NewPassword:
    """Return a member whose account the enterprise manages."""
    given: dict[str, object] = {"name": "韩梅梅", "department": head_office(by.enterprise).pk}
    person = Person(**(given | fields))  # type: ignore[arg-type]  # what a test says
    user_name = user_name or f"han{next(_numbers)}"
    return members.add_managed(by.enterprise, user_name, person, by=by, most=100_000, now=now)


def make_enterprise_member(by: Member, user: User, *, role: str = Member.Role.USER, user_name: str = "") -> Member:
    """Return a member who joined with an existing account."""
    add_to_count(by.enterprise, 1)
    return Member.objects.create(
        enterprise=by.enterprise, user=user, user_name=user_name or f"own{next(_numbers)}", name=user.name,
        department=head_office(by.enterprise), role=role, joined_at=NOW,
    )  # fmt: skip
