"""Test accounts for sellers: members of the application's test enterprise (openapi-jointkit §B.1)."""

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
    """A test account. ``password`` is shown once."""

    domain: str
    tenant_id: str
    account: str
    password: str = field(repr=False)


def binding_for_tests(application: Application) -> TenantBinding | None:
    """Return the binding of the seller's test enterprise, unless it was unbound."""
    bindings = TenantBinding.objects.select_related("enterprise", "address").filter(
        application=application, subscription=None
    )
    return bindings.exclude(status=TenantBinding.Status.UNBOUND).order_by("-pk").first()


def make_test_account(application: Application, *, admin: bool, most: int, rules: SyncRules, now: datetime) -> Account:
    """Create a test account; authSync reports it to the seller.

    ``most``: maximum number of members of an enterprise. Raises ``Refused`` while the test enterprise is not bound.
    """
    binding = binding_for_tests(application)
    if binding is None or binding.status != TenantBinding.Status.BOUND:
        words = _(
            "Your server must synchronize the test enterprise first. Check its response below, correct the error and try again."
        )
        raise Refused("test_account.not_bound", words)
    enterprise = binding.enterprise
    with transaction.atomic():
        Enterprise.objects.select_for_update().get(pk=enterprise.pk)
        number = Member.objects.filter(enterprise=enterprise).count() + 1
        department = Department.objects.filter(enterprise=enterprise, removed_at=None).order_by("pk")[0]
        person = Person(name=f"Tester {number}", department=department.pk)
        new_member = add_managed(enterprise, f"tester{number}", person, by=None, most=most, now=now)
        authorise(binding, [new_member.member.pk], admin=admin, rules=rules, now=now)
    domain = rules.domain(enterprise.code)
    account = f"{new_member.member.user_name}@{enterprise.code}"
    return Account(domain=domain, tenant_id=enterprise.public_id, account=account, password=new_member.password)
