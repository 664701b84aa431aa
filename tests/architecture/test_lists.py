"""Lists of the sites are declared, or extend the template of declared lists (decision 0093)."""

from __future__ import annotations

import re
from pathlib import Path

import tradepost.market
from tradepost.market.web.pages import registry

MARKET = Path(tradepost.market.__file__).parent
PAGER = "web/parts/pager.html"
LISTING = "web/pages/listing.html"
OWN_LAYOUT = "not a plain table: groups, cards, a part of another page, or rows that are followed"
DETAIL = "shows one object, and a list below it"
SELECTED = "rows are selected in a form around the table"
MIN_DECLARED = 59
"""Number of declared lists. It may only grow."""

NOT_DECLARED = {
    "console/account.html": DETAIL,
    "console/calls.html": OWN_LAYOUT,
    "console/charges.html": OWN_LAYOUT,
    "console/probes.html": OWN_LAYOUT,
    "console/reconcile.html": OWN_LAYOUT,
    "console/registration.html": "the form of who may register, and the invitations below it",
    "console/reviews.html": OWN_LAYOUT,
    "console/server.html": DETAIL,
    "console/settlements.html": OWN_LAYOUT,
    "console/synonyms.html": OWN_LAYOUT,
    "seller_center/application.html": DETAIL,
    "seller_center/messages.html": OWN_LAYOUT,
    "seller_center/probes.html": OWN_LAYOUT,
    "seller_center/probes_product.html": DETAIL,
    "seller_center/settlement_open.html": DETAIL,
    "seller_center/try_out.html": OWN_LAYOUT,
    "seller_center/usage_charges.html": OWN_LAYOUT,
    "seller_center/usage_list.html": OWN_LAYOUT,
    "storefront/balance.html": DETAIL,
    "storefront/charges.html": OWN_LAYOUT,
    "storefront/enterprise_application.html": DETAIL,
    "storefront/enterprise_group.html": DETAIL,
    "storefront/enterprise_imports.html": OWN_LAYOUT,
    "storefront/enterprise_members.html": SELECTED,
    "storefront/enterprise_sign_ins.html": OWN_LAYOUT,
    "storefront/package.html": DETAIL,
    "storefront/parts/invoice_orders.html": OWN_LAYOUT,
    "storefront/server.html": DETAIL,
    "storefront/subscriptions.html": OWN_LAYOUT,
    "storefront/usage.html": DETAIL,
    "web/pages/exports.html": OWN_LAYOUT,
    "web/parts/deliveries.html": OWN_LAYOUT,
    "web/parts/notices.html": OWN_LAYOUT,
    "web/parts/statement_lines.html": OWN_LAYOUT,
    "web/subjects/charge.html": DETAIL,
}
"""Templates with a pager that do not extend the template of lists, with the reason. This table may only shrink."""


def templates() -> dict[str, str]:
    """Return the name of each template of the market → its text."""
    found = sorted(MARKET.glob("**/templates/**/*.html"))
    return {path.as_posix().rpartition("/templates/")[2]: path.read_text() for path in found}


def lineage(name: str, every: dict[str, str]) -> list[str]:
    """Return the template and those that it extends."""
    parent = re.match(r'{% extends "([^"]+)" %}', every[name])
    return [name, *(lineage(parent[1], every) if parent else ())]


def test_every_list_is_declared_or_extends_the_template() -> None:
    every = templates()
    by_hand = {name for name, text in every.items() if PAGER in text and LISTING not in lineage(name, every)}
    assert len(registry.entries()) >= MIN_DECLARED
    print(  # noqa: T201  # what pytest -s shows: the state of the conversion
        f"{len(registry.entries())} lists are declared; {len(by_hand)} templates have a pager of their own"
    )
    assert by_hand - NOT_DECLARED.keys() == set(), "declare the list (web/pages/), or extend its template"
    assert NOT_DECLARED.keys() - by_hand == set(), "converted: take it out of the table"


def test_every_declared_list_uses_the_template_of_lists() -> None:
    every = templates()
    for name, entry in registry.entries().items():
        template = entry.listing.template
        assert LISTING in lineage(template, every), name
