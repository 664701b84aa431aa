"""A page in one state, the acts of a person on it, and which pages are lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


@dataclass(frozen=True, slots=True)
class View:
    path: str
    fill: tuple[tuple[str, str], ...] = ()
    press: str = ""
    status: int = 200
    stale: bool = False
    """Whether the form was open for too long: its token no longer belongs to the session."""

    @property
    def lists(self) -> bool:
        """Return whether the page shows a list and has no acts."""
        return self.path.partition("?")[0] in LISTS and not self.press

    def act(self, page: Page) -> None:
        """Do on the page what a person would do."""
        for selector, value in self.fill:
            field = page.locator(selector)
            if field.evaluate("field => field.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        if self.stale:
            page.locator("main [name=csrfmiddlewaretoken]").evaluate("input => { input.value = 'a'.repeat(64); }")
        if self.press:
            page.locator(self.press).first.click()
            page.wait_for_load_state()


LISTS = frozenset({
    "/", "/sellers/qingxie/", "/orders/", "/services/", "/notices/", "/balance/", "/notices/receivers/",
    "/seller/products/", "/seller/orders/", "/seller/operations/", "/seller/messages/", "/seller/addresses/",
    "/seller/domains/", "/seller/web-checks/", "/seller/keys/", "/seller/members/", "/seller/cases/",
    "/seller/submissions/", "/seller/notices/", "/seller/receivers/", "/seller/deliveries/", "/seller/company/agreements/",
    "/seller/try/", "/seller/assets/", "/console/orders/", "/console/operations/", "/console/calls/", "/console/products/",
    "/console/sellers/", "/console/accounts/", "/console/reviews/", "/console/agreements/", "/console/ledger/",
    "/demands/", "/complaints/", "/seller/demands/", "/seller/complaints/", "/console/demands/", "/console/complaints/",
    "/refunds/", "/seller/refunds/", "/invoices/", "/seller/invoices/", "/seller/settlements/", "/seller/settlements/open/", "/seller/settlements/invoices/", "/console/settlements/", "/console/invoices/", "/console/refunds/", "/console/deliveries/", "/console/jobs/", "/console/services/", "/console/reconcile/", "/console/queue/", "/console/audit/", "/console/web-checks/", "/console/assets/", "/console/notices/",
    "/enterprise/lantian/members/", "/enterprise/lantian/departments/", "/seller/applications/", "/console/bindings/", "/charges/", "/seller/usage/", "/seller/usage/refused/", "/seller/usage/pushes/", "/seller/usage/charges/",
    "/console/usage/", "/console/usage/arrears/", "/console/usage/charges/",
    "/supervision/", "/seller/supervision/", "/console/supervision/",
    "/balance/transfers/", "/console/transfers/", "/console/unmatched/", "/console/ledger/sellers/",
    "/seller/usage/packages/", "/servers/", "/seller/servers/", "/console/servers/", "/console/images/",
})  # fmt: skip
"""Pages that are a list: on a phone, its first row, or the text of the empty list, is on the first screen."""
ROW = "main :is(table tbody tr, .tp-empty, .sf-shelf > li, .tp-notices > li, section.card, .card[id])"
"""Selector of what a list consists of: a row, a card, or the text of the empty list."""
