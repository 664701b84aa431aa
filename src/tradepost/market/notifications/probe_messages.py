"""What notices about probes and failed orders say (saas-v2 §6, business-rules §10)."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from .categories import About, Audience, Category
from .notice_parts import Words

A_PROBE = About(category=Category.OPERATIONS, to=Audience.SELLER, sms=True)
"""§7.1: dial test failed → seller account mail, phone, in-site."""
PASSES_AGAIN = About(category=Category.OPERATIONS, to=Audience.SELLER)
TAKEN_AWAY = About(category=Category.OPERATIONS, to=Audience.SELLER, sms=True, mandatory=True)
FOR_OPERATORS = About(category=Category.OPERATIONS, to=Audience.OPERATOR)

OF_PROBES: Mapping[str, Words] = {
    "seller_probe_forecast": Words(
        _("%(product)s failed its probe: sales are suspended on %(date)s if nothing changes"),
        _("%(failed)s of %(cases)s saved cases failed, first %(activity)s: %(reason)s. This is failing day %(day)s of %(days)s. "
          "A day on which every probe passes sets the count to 0."),
        _("See what failed"), "danger", "heartbeat", A_PROBE,
    ),
    "seller_probe_failed": Words(
        _("%(product)s failed its probe"),
        _("%(failed)s of %(cases)s saved cases failed, first %(activity)s: %(reason)s. Calls that are made for buyers would most likely fail as well."),
        _("See what failed"), "danger", "heartbeat", A_PROBE,
    ),
    "seller_probe_passed": Words(
        _("%(product)s passes its probes again"),
        _("All %(cases)s cases that it needs were answered as they should be. A whole day like this sets the count of failing "
          "days to 0."),
        _("See the probes"), "good", "heartbeat", PASSES_AGAIN,
    ),
    "seller_probe_passed_frozen": Words(
        _("%(product)s passes its probes again, but is still suspended"),
        _("All %(cases)s cases that it needs were answered as they should be. Ask for its sale to be restored: your cases are "
          "replayed, then an operator decides."),
        _("See the probes"), "good", "heartbeat", PASSES_AGAIN,
    ),
    "seller_frozen_by_probes": Words(
        _("Sales of %(product)s are suspended: its interface failed on %(days)s days in a row"),
        _("It is hidden and cannot be bought, and orders under way cannot be paid. Services that are in use go on and can be "
          "renewed. Repair your server, then ask for the sale to be restored."),
        _("See what failed"), "danger", "snowflake", TAKEN_AWAY,
    ),
    "seller_failed_orders": Words(
        _("%(orders)s orders of %(product)s failed in %(month)s"),
        _("Your production interface did not deliver them, and buyers got their money back. The operators look at whether the "
          "product may stay in the store."),
        _("See the probes"), "danger", "alert-triangle", TAKEN_AWAY,
    ),
    "operator_frozen_by_probes": Words(
        _("%(product)s of %(seller)s is frozen: it failed its probes on %(days)s days in a row"),
        _("It is hidden and not sold. It comes back when its seller repaired it, its cases were replayed and you restored it."),
        _("See failing products"), "danger", "snowflake", FOR_OPERATORS,
    ),
    "operator_frozen_next": Words(
        _("%(product)s of %(seller)s is frozen on %(date)s if nothing changes"),
        _("It failed its probes on %(days)s days in a row. Its seller was told each day; a call may help."),
        _("See failing products"), "warning", "heartbeat", FOR_OPERATORS,
    ),
    "operator_failed_orders": Words(
        _("%(orders)s orders of %(product)s failed in %(month)s"),
        _("Seller: %(seller)s. The interface failed them. Decide whether the product is delisted; nothing happens by itself."),
        _("See failing products"), "danger", "alert-triangle", FOR_OPERATORS,
    ),
}  # fmt: skip  # a table is read in rows
