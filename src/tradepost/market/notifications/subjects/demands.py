"""Notices about demands (business-rules §9, §17.7).

Mails to people without an account hold nothing that they entered: nobody confirmed the address."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from tradepost.market.notifications import facts as f
from tradepost.market.notifications.categories import Audience, Category, NoticePolicy
from tradepost.market.notifications.notice_parts import NoticeTemplate
from tradepost.market.notifications.subject import Buyer, Facts, Operators, SellersPeople, Subject
from tradepost.market.service_desk.events import DemandPassed, DemandRecalled, DemandReturned
from tradepost.market.service_desk.models import CustomerDemand, Demand

MAX_REQUIREMENT = 200
"""Characters of a requirement in a notice."""


BUYER_DEMAND = NoticePolicy(category=Category.PRODUCT, to=Audience.BUYER)
SELLER_DEMAND = NoticePolicy(category=Category.PRODUCT, to=Audience.SELLER)
FOR_OPERATORS = NoticePolicy(category=Category.OPERATIONS, to=Audience.OPERATOR, act="demand_answer")

DEMAND_TEMPLATES: Mapping[str, NoticeTemplate] = {
    "demand_received": NoticeTemplate(
        _("We have received your demand"),
        _(
            "Someone entered this address in a demand on our market. We answer before %(due)s. Keep this email: the "
            "link below shows the answer. If it was not you, ignore this email."),
        _("Follow the demand"), "info", "message", BUYER_DEMAND,
    ),
    "demand_answered": NoticeTemplate(
        _("Your demand is answered"),
        _("The answer: %(answer)s"),
        _("Read the answer"), "good", "circle-check", BUYER_DEMAND,
    ),
    "demand_answered_with_product": NoticeTemplate(
        _("Your demand is answered: %(product)s"),
        _("The answer: %(answer)s"),
        _("See answer and product"), "good", "circle-check", BUYER_DEMAND,
    ),
    "demand_answered_sms": NoticeTemplate(
        _("Your demand is answered: %(answer)s"),
        _("The full answer is on that page."),
        _("Read the answer"), "good", "circle-check", BUYER_DEMAND,
    ),
    "operator_demand": NoticeTemplate(
        _("Demand for something that the store does not have"),
        _("Answer until %(due)s, name a product, or pass it to a seller: %(requirement)s"),
        _("See the demand"), "info", "message", FOR_OPERATORS,
    ),
    "operator_demand_declined": NoticeTemplate(
        _("%(seller)s declined a demand"),
        _("The demand was returned to the operators. Answer it before %(due)s. Reason for declining: %(words)s"),
        _("See the demand"), "info", "arrow-back-up", FOR_OPERATORS,
    ),
    "operator_demand_expired": NoticeTemplate(
        _("%(seller)s did not answer a demand in time"),
        _("The demand was returned to the operators. Answer it before %(due)s."),
        _("See the demand"), "warning", "clock", FOR_OPERATORS,
    ),
    "seller_demand": NoticeTemplate(
        _("A customer needs something: can you offer it?"),
        _("Make an offer before %(until)s, with or without a product, or decline: %(requirement)s"),
        _("See the demand"), "info", "message", SELLER_DEMAND,
    ),
    "seller_demand_expired": NoticeTemplate(
        _("A demand forwarded to you was returned to the operators"),
        _("You did not answer before %(until)s."),
        _("See the demand"), "warning", "clock", SELLER_DEMAND,
    ),
    "seller_demand_recalled": NoticeTemplate(
        _("A demand forwarded to you is settled"),
        _("No action is needed."),
        _("See the demand"), "info", "circle-check", SELLER_DEMAND,
    ),
}  # fmt: skip  # a table is read in rows


def shortened(text: str, most: int = MAX_REQUIREMENT) -> str:
    """Return the text on one line, cut to ``most`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


DEMAND: Subject[Demand] = Subject(
    __name__,
    Demand.objects.select_related("buyer", "product"),
    key="demand",
    facts=lambda _: {},
    buyer=Buyer(page="storefront:demand_own"),
    operators=Operators(page="console:demand"),
)


def _until(passed: CustomerDemand) -> Facts:
    return {"until": f.moment(passed.until)}


def _returned_facts(passed: CustomerDemand) -> Facts:
    return {"seller": f.seller_names(passed.seller), "due": f.moment(passed.demand.due_at), "words": passed.words}


CUSTOMER_DEMAND: Subject[CustomerDemand] = Subject(
    __name__,
    CustomerDemand.objects.select_related("demand", "seller"),
    key="customer_demand",
    facts=lambda _: {},
    seller=SellersPeople(page="seller_center:demand"),
    seller_with_deadline=SellersPeople(page="seller_center:demand", facts=_until),
    operators=Operators(page="console:demand", argument=lambda passed: passed.demand_id, facts=_returned_facts),
)
PASSED = CUSTOMER_DEMAND.notice(
    DemandPassed,
    facts=lambda passed, _: {"requirement": shortened(passed.demand.requirement)},
    seller_with_deadline="seller_demand",
)
RETURNED = CUSTOMER_DEMAND.notice(
    DemandReturned,
    seller_with_deadline=lambda _, event: "seller_demand_expired" if event.why == "expired" else "",
    operators=lambda _, event: f"operator_demand_{event.why}",
)
RECALLED = CUSTOMER_DEMAND.notice(DemandRecalled, seller="seller_demand_recalled")
