"""Which operators get which notice: those whose role includes the requested act (decision 0104)."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_operator, make_seller
from tests.factories.approvals import make_withdrawal
from tests.factories.transfers import announce, show
from tests.market.engine import react
from tests.market.service_desk.asking import make_complaint, raise_new_demand
from tradepost.market.base import outbox
from tradepost.market.identity.console_roles import PERMISSIONS, is_permitted
from tradepost.market.identity.events import SellerExited
from tradepost.market.identity.models import User
from tradepost.market.identity.operator_roles import Role
from tradepost.market.notifications.categories import Audience, Category
from tradepost.market.notifications.messages import TEMPLATES
from tradepost.market.notifications.models import Notice
from tradepost.market.notifications.people import operators
from tradepost.market.notifications.receiver_models import Preference
from tradepost.market.web.notice_choices import categories_of

pytestmark = pytest.mark.django_db
KINDS = {kind: words.about for kind, words in TEMPLATES.items() if words.about.to == Audience.OPERATOR}
RECIPIENT_ROLES = {
    "operator_approval_requested": "owner finance",
    "operator_approval_approved": "owner finance service support",
    "operator_approval_rejected": "owner finance service support",
    "operator_approval_expired": "owner finance service support",
    "operator_withdrawal": "owner finance",
    "operator_refund_appeal": "owner finance",
    "operator_repayment_proof": "owner finance",
    "operator_transfer_proof": "owner finance",
    "operator_invoice_late": "owner finance",
    "operator_invoice_asked": "owner finance",
    "operator_invoice_wished": "owner finance",
    "operator_statement_rejected": "owner finance",
    "operator_submission_sent": "owner reviewer",
    "operator_submission_overdue": "owner reviewer",
    "operator_seller_exited": "owner reviewer",
    "operator_certification_locked": "owner reviewer",
    "operator_frozen_by_probes": "owner reviewer service",
    "operator_frozen_next": "owner reviewer service",
    "operator_failed_orders": "owner reviewer service",
    "operator_change_doubtful": "owner service",
    "operator_gave_up": "owner service",
    "operator_not_opened": "owner service",
    "operator_call_stopped": "owner service",
    "operator_cloud_stopped": "owner service",
    "operator_breaker_open": "owner service",
    "operator_delivery_review": "owner service",
    "operator_delivery_appeal": "owner service",
    "operator_complaint": "owner support",
    "operator_complaint_replied": "owner support",
    "operator_complaint_unanswered": "owner support",
    "operator_demand": "owner support",
    "operator_demand_declined": "owner support",
    "operator_demand_expired": "owner support",
}
"""Auditors change nothing, so they get none of these notices."""


def test_every_kind_for_operators_names_an_act_of_the_console() -> None:
    assert set(RECIPIENT_ROLES) == set(KINDS)
    assert {about.act for about in KINDS.values()} <= {name for name, row in PERMISSIONS.items() if row.changes}
    assert not [kind for kind, words in TEMPLATES.items() if words.about.act and words.about.to != Audience.OPERATOR]


def test_kind_goes_to_owners_and_to_the_roles_with_its_act() -> None:
    people = {role: make_operator(role) for role in Role.values}
    locked = make_operator()
    User.objects.filter(pk=locked.pk).update(is_active=False)
    make_buyer(balance="0")
    recipient_roles = {kind: [user.operator_role for user in operators(kind)] for kind in KINDS}
    assert recipient_roles == {kind: roles.split() for kind, roles in RECIPIENT_ROLES.items()}
    assert all(operators(kind)[0] == people["owner"] for kind in KINDS)


def notified_roles() -> dict[str, set[str]]:
    rows = Notice.objects.filter(kind__startswith="operator_").values_list("kind", "user__operator_role")
    roles: dict[str, set[str]] = {}
    for kind, role in rows:
        roles.setdefault(kind, set()).add(role)
    return roles


def test_events_notify_only_these_roles() -> None:
    """Issue 28: notices about money do not go to a reviewer."""
    for role in Role.values:
        make_operator(role)
    buyer = make_buyer(balance="100")
    show(announce(buyer))
    make_withdrawal(buyer)
    make_complaint(make_buyer())
    raise_new_demand()
    outbox.publish(SellerExited(seller=make_seller().pk), now=NOW)
    react(now=NOW)
    assert notified_roles() == {
        kind: set(RECIPIENT_ROLES[kind].split())
        for kind in (
            "operator_transfer_proof", "operator_withdrawal", "operator_complaint", "operator_demand",
            "operator_seller_exited",
        )
    }  # fmt: skip


CATEGORIES_OF_ROLE = {
    "owner": {"finance", "product", "security", "operations", "contract", "other"},
    "finance": {"finance", "security", "operations", "other"},
    "reviewer": {"security", "operations", "contract", "other"},
    "service": {"finance", "product", "security", "operations", "other"},
    "support": {"finance", "security", "operations", "other"},
    "auditor": {"security", "operations", "other"},
}
"""*Security*, *operations* and *others* contain notices about the person's own account, programs and summary."""


@pytest.mark.parametrize(("role", "categories"), CATEGORIES_OF_ROLE.items())
def test_settings_show_the_categories_of_the_role(role: str, categories: set[str]) -> None:
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator(role))
    page = client.get("/console/notices/settings/").content.decode()
    assert set(re.findall(r'name="(\w+)\.mail"', page)) == categories == set(categories_of(role))


def test_hidden_category_keeps_its_preference() -> None:
    """The person chose it in the store, or had another role before."""
    reader, client = make_operator("auditor"), Client(headers={"accept-language": "en"})
    Preference.objects.create(user=reader, category=Category.FINANCE, channel="mail", how="digest")
    client.force_login(reader)
    form = {
        f"{category}.{channel}": "on" for category in CATEGORIES_OF_ROLE["auditor"] for channel in ("in_site", "mail")
    }
    assert client.post("/console/notices/settings/", form | {"other.mail": "off"}).status_code == 302
    stored = set(Preference.objects.filter(user=reader).values_list("category", "channel", "how"))
    assert stored == {("finance", "mail", "digest"), ("other", "mail", "off")}
    response = client.post("/console/notices/settings/", {"finance.mail": "off"})
    assert (response.status_code, set(Preference.objects.values_list("category", "how"))) == (
        422,
        {("finance", "digest"), ("other", "off")},
    )


def test_only_owners_may_perform_acts_without_a_role() -> None:
    assert not any(is_permitted(role, "", "POST") for role in Role.values if role != Role.OWNER)
