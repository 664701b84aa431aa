"""An account with which a seller tries its application out: a member of its test enterprise (openapi-jointkit §B.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from tradepost.market.base.errors import Refused
from tradepost.market.organisations.members import Person, add_managed
from tradepost.market.organisations.models import Department, Enterprise, Member

from .authorise import authorise
from .models import Application, TenantBinding
from .rules import SyncRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """``password`` is shown once."""

    domain: str
    tenant_id: str
    account: str
    password: str = field(repr=False)


def binding_for_tests(application: Application) -> TenantBinding | None:
    """Of the seller's test enterprise, while it lives."""
    own = TenantBinding.objects.select_related("enterprise", "address").filter(
        application=application, subscription=None
    )
    return own.exclude(status=TenantBinding.Status.UNBOUND).order_by("-pk").first()


def make_test_account(application: Application, *, admin: bool, most: int, rules: SyncRules, now: datetime) -> Account:
    """The seller is told of it by authSync. ``most``: members that an enterprise has. Raises ``Refused`` while the test enterprise
    is not bound."""
    binding = binding_for_tests(application)
    if binding is None or binding.status != TenantBinding.Status.BOUND:
        words = _(
            "First your server must take note of the test enterprise: see below what it answered, mend it, and try again."
        )
        raise Refused("test_account.not_bound", words)
    enterprise = binding.enterprise
    with transaction.atomic():
        Enterprise.objects.select_for_update().get(pk=enterprise.pk)
        number = Member.objects.filter(enterprise=enterprise).count() + 1
        department = Department.objects.filter(enterprise=enterprise, removed_at=None).order_by("pk")[0]
        person = Person(name=f"Tester {number}", department=department.pk)
        made = add_managed(enterprise, f"tester{number}", person, by=None, most=most, now=now)
        authorise(binding, [made.member.pk], admin=admin, rules=rules, now=now)
    domain = rules.domain(enterprise.code)
    account = f"{made.member.user_name}@{enterprise.code}"
    return Account(domain=domain, tenant_id=enterprise.public_id, account=account, password=made.password)
