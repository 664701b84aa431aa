"""Roles of operators and their descriptions. ``console_roles`` defines the pages and acts of each role."""

from __future__ import annotations

from django.db.models import Q, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Role(TextChoices):
    """The role of an operator; an account without one is not an operator."""

    OWNER = "owner", pgettext_lazy("operator", "Owner")
    FINANCE = "finance", pgettext_lazy("operator", "Finance")
    REVIEWER = "reviewer", pgettext_lazy("operator", "Reviewer")
    SERVICE = "service", pgettext_lazy("operator", "Service")
    SUPPORT = "support", pgettext_lazy("operator", "Support")
    AUDITOR = "auditor", pgettext_lazy("operator", "Auditor")


MEANING: dict[Role, str | Promise] = {
    Role.OWNER: _("Everything, including operators, their roles and the market's settings."),
    Role.FINANCE: _("Transfers, refunds, invoices, statements and payouts. Reads orders and services."),
    Role.REVIEWER: _("Reviews of sellers and products, categories, search synonyms. Reads probes and web checks."),
    Role.SERVICE: _(
        "Deliveries, services, operations, calls to sellers, servers and probes. Reads orders and products."
    ),
    Role.SUPPORT: _(
        "Accounts, enterprises, complaints and customer demands. Reads orders, services, refunds and transfers."
    ),
    Role.AUDITOR: _("Reads every page, including the audit log. Changes nothing."),
}
IS_OPERATOR = ~Q(operator_role="")
"""Filter of ``User`` for accounts that may use the console."""
