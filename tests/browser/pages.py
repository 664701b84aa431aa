"""Every page of the three sites in every state worth looking at: what the tests open and what scripts/shots.py takes.

A path may name what history.py made (``{completed}``). An act is what a person does there first: what is filled in, and
what is pressed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

HISTORY = (
    "deliver",
    "licensed",
    "freeze",
    "renew",
    "give_up",
    "fail",
    "newcomer",
    "companies",
    "debug",
    "publish",
    "acting",
)
"""The chapters of history.py that these pages tell of."""


@dataclass(frozen=True, slots=True)
class View:
    path: str
    fill: tuple[tuple[str, str], ...] = ()
    press: str = ""
    status: int = 200
    stale: bool = False
    """Whether the form was open for too long: its token is not the session's any more."""

    @property
    def lists(self) -> bool:
        """Whether the page shows a list and nothing was done on it."""
        return self.path.partition("?")[0] in LISTS and not self.press

    def act(self, page: Page) -> None:
        """Do there what a person would do."""
        for selector, value in self.fill:
            page.locator(selector).fill(value)
        if self.stale:
            page.locator("main [name=csrfmiddlewaretoken]").evaluate("input => { input.value = 'a'.repeat(64); }")
        if self.press:
            page.locator(self.press).first.click()
            page.wait_for_load_state()


LISTS = frozenset({
    "/", "/sellers/qingxie/", "/orders/", "/services/", "/notices/", "/balance/",
    "/seller/products/", "/seller/orders/", "/seller/operations/", "/seller/messages/", "/seller/addresses/",
    "/seller/domains/", "/seller/keys/", "/seller/members/", "/seller/cases/", "/seller/submissions/", "/seller/notices/",
    "/seller/company/agreements/", "/seller/try/",
    "/console/orders/", "/console/operations/", "/console/calls/", "/console/products/", "/console/sellers/",
    "/console/accounts/", "/console/reviews/", "/console/agreements/", "/console/ledger/", "/console/mails/",
    "/console/notices/",
})  # fmt: skip
"""Pages that are a list: on a phone its first row, or why there is none, stands on the first screen."""
ROW = "main :is(table tbody tr, .tp-empty, .sf-shelf > li, .tp-notices > li, section.card, .card[id])"
"""What a list consists of: a row, a card, or the words that say why there is none."""


SUBMIT = "main form[method=post] button[type=submit]"
TOP_UP = 'main form[action$="/top-up/"] button[type=submit]'

PAGES: dict[str, dict[str, View]] = {
    "": {
        "store": View("/"),
        "store-nothing-found": View("/?q=nothing-like-it"),
        "store-filtered": View("/?q=数据&way=year&high=90000&sort=price"),
        "store-comes-close": View("/?q=财务+视频会议"),
        "compare": View("/compare/?p=yunjian-docs&p=kelai-crm&p=lishi-mes&p=tangli-governance"),
        "compare-nothing": View("/compare/"),
        "seller-shop": View("/sellers/qingxie/"),
        "product": View("/products/yunjian-docs/"),
        "product-long": View("/products/lishi-mes/"),
        "login": View("/account/login/"),
        "login-wrong": View(
            "/account/login/", (("input[name=login]", "who@nowhere.example"), ("input[name=password]", "wrong")), SUBMIT
        ),
        "signup": View("/account/signup/"),
        "password-reset": View("/account/password/reset/"),
        "form-too-old": View(
            "/account/login/",
            (("input[name=login]", "who@nowhere.example"), ("input[name=password]", "wrong")),
            SUBMIT,
            stale=True,
        ),
        "agreement": View("/agreements/buyer/"),
        "agreement-seller": View("/agreements/seller/"),
        "not-found": View("/no-such-page/", status=404),
    },
    "buyer": {
        "store-inside": View("/"),
        "enter": View("/seller/enter/"),
        "checkout": View("/checkout/1/"),
        "orders": View("/orders/"),
        "orders-nothing-fits": View("/orders/?q=zzz&status=cancelled"),
        "order-completed": View("/orders/{completed}/"),
        "order-unpaid": View("/orders/{unpaid}/"),
        "order-cancel": View("/orders/{unpaid}/", press='[data-dialog="cancel-order"]'),
        "order-failing": View("/orders/{failing}/"),
        "order-stopped": View("/orders/{stopped}/"),
        "order-refunded": View("/orders/{refunded}/"),
        "order-closed": View("/orders/{closed}/"),
        "services": View("/services/"),
        "service": View("/services/1/"),
        "service-frozen": View("/services/{frozen}/"),
        "service-renewed": View("/services/{renewed}/"),
        "service-failing": View("/services/{service failing}/"),
        "service-stopped": View("/services/{service stopped}/"),
        "service-released": View("/services/{released}/"),
        "service-licensed": View("/services/{licensed}/"),
        "service-licensed-shown": View("/services/{licensed}/", press=".sf-license button"),
        "service-license": View("/services/{license text}/", press=".sf-license button"),
        "service-renew": View("/services/1/renew/"),
        "notices": View("/notices/"),
        "balance": View("/balance/"),
        "profile": View("/profile/"),
        "email": View("/account/email/"),
        "password": View("/account/password/change/"),
        "logout": View("/account/logout/"),
    },
    "newcomer": {
        "empty-orders": View("/orders/"),
        "empty-services": View("/services/"),
        "empty-notices": View("/notices/"),
        "empty-balance": View("/balance/"),
        "profile-wrong": View("/profile/", (("input[name=phone]", "call me"),), SUBMIT),
        "empty-seller-overview": View("/seller/"),
        "empty-seller-orders": View("/seller/orders/"),
        "empty-seller-operations": View("/seller/operations/"),
        "empty-seller-operations-stopped": View("/seller/operations/?show=stopped"),
        "empty-seller-messages": View("/seller/messages/"),
        "empty-seller-attributes": View("/seller/attributes/"),
        "empty-seller-addresses": View("/seller/addresses/"),
        "empty-seller-keys": View("/seller/keys/"),
        "empty-seller-debug": View("/seller/debug/"),
        "empty-seller-cases": View("/seller/cases/"),
        "empty-seller-domains": View("/seller/domains/"),
        "empty-seller-members": View("/seller/members/"),
        "empty-seller-try": View("/seller/try/"),
    },
    "applicant": {
        "applicant-company": View("/seller/company/"),
        "applicant-draft": View("/seller/company/draft/enter/"),
        "applicant-draft-wrong": View(
            "/seller/company/draft/enter/", (("input[name=staff]", "3"),), 'button[value="submit"]'
        ),
        "applicant-discard": View("/seller/company/draft/enter/", press='[data-dialog="discard-draft"]'),
        "applicant-submissions": View("/seller/submissions/"),
        "applicant-agreements": View("/seller/company/agreements/"),
    },
    "rejected applicant": {
        "applicant-rejected": View("/seller/submissions/{rejected submission}/"),
        "applicant-correction": View("/seller/company/draft/enter/"),
    },
    "seller": {
        "seller-company": View("/seller/company/"),
        "seller-agreements": View("/seller/company/agreements/"),
        "seller-submissions": View("/seller/submissions/"),
        "seller-submission-product": View("/seller/submissions/{product submission}/"),
        "seller-product-sent": View("/seller/products/{sent product}/submit/"),
        "seller-product-in-review": View("/seller/products/{sent product}/"),
        "seller-submission-waiting": View("/seller/submissions/{change submission}/"),
        "seller-overview": View("/seller/"),
        "seller-orders": View("/seller/orders/"),
        "seller-order": View("/seller/orders/{own}-000001/"),
        "seller-operations": View("/seller/operations/?show=ended"),
        "seller-operation": View("/seller/operations/{done operation}/"),
        "seller-products": View("/seller/products/"),
        "seller-products-none-fits": View("/seller/products/?q=zzz"),
        "seller-product-new": View("/seller/products/new/"),
        "seller-product": View("/seller/products/11/"),
        "seller-draft": View("/seller/products/11/draft/base/"),
        "seller-draft-pictures": View("/seller/products/11/draft/media/?check=1"),
        "seller-draft-prices": View("/seller/products/11/draft/pricing/"),
        "seller-draft-description": View("/seller/products/11/draft/description/"),
        "seller-draft-guide": View("/seller/products/11/draft/guide/"),
        "seller-draft-support": View("/seller/products/11/draft/support/"),
        "seller-draft-purchase": View("/seller/products/11/draft/purchase/"),
        "seller-draft-discovery": View("/seller/products/11/draft/discovery/?check=1"),
        "seller-draft-missing": View("/seller/products/11/draft/details/?check=1"),
        "seller-preview": View("/seller/products/11/preview/"),
        "seller-submit": View("/seller/products/11/submit/"),
        "seller-delist": View("/seller/products/11/delist/"),
        "seller-delist-wrong": View("/seller/products/11/delist/", press=SUBMIT),
        "seller-controls": View("/seller/products/11/controls/"),
        "seller-controls-wrong": View(
            "/seller/products/11/controls/",
            (("#limit-maximum", "0"),),
            'form[action$="/limit/"] button[type=submit]:not([name])',
        ),
        "seller-rules": View("/seller/products/11/rules/"),
        "seller-attributes": View("/seller/attributes/"),
        "seller-attributes-none-fits": View("/seller/attributes/?q=zzz"),
        "seller-attribute": View("/seller/attributes/{attribute}/"),
        "seller-attribute-delete": View("/seller/attributes/{attribute}/", press='[data-dialog="sc-delete"]'),
        "seller-attribute-wrong": View("/seller/attributes/new/enum/", (("[name=code]", "os"),), SUBMIT),
        "seller-attribute-number": View("/seller/attributes/new/number/"),
        "seller-addresses": View("/seller/addresses/"),
        "seller-address-new": View("/seller/addresses/new/"),
        "seller-address-wrong": View("/seller/addresses/new/", (("input[name=url]", "ftp://nowhere"),), SUBMIT),
        "seller-address": View("/seller/addresses/1/"),
        "seller-debug-begin": View("/seller/debug/"),
        "seller-debug": View("/seller/debug/1/updateInstanceStatus/"),
        "seller-debug-good": View("/seller/debug/1/newInstance/"),
        "seller-debug-made": View("/seller/debug/1/refreshInstance/", press='main button[value="generate"]'),
        "seller-debug-refused": View(
            "/seller/debug/1/queryInstance/",
            (("input[name=instanceId]", " "),),
            'main button[value="debug"]',
        ),
        "seller-debug-wrong": View("/seller/debug/{wrong address}/queryInstance/"),
        "seller-find-out": View("/seller/debug/{wrong address}/why/"),
        "seller-cases": View("/seller/cases/"),
        "seller-case-delete": View("/seller/cases/", press='[data-dialog^="sc-d"]'),
        "seller-keys": View("/seller/keys/"),
        "seller-key-next": View("/seller/keys/", press='[data-dialog^="sc-next"]'),
        "seller-key-switch": View("/seller/keys/", press='[data-dialog^="sc-switch"]'),
        "seller-address-tested": View("/seller/addresses/{tested address}/"),
        "seller-domains": View("/seller/domains/"),
        "seller-domain-wrong": View("/seller/domains/", (("input[name=host]", "https://a.example/path"),), SUBMIT),
        "seller-domain": View("/seller/domains/{domain}/"),
        "seller-members": View("/seller/members/"),
        "seller-member": View("/seller/members/{other member}/"),
        "seller-member-remove": View("/seller/members/{other member}/", press='[data-dialog="sc-remove"]'),
        "seller-invite": View("/seller/members/invite/"),
        "seller-invite-wrong": View("/seller/members/invite/", (("input[name=email]", "x@y.example"),), SUBMIT),
        "seller-group": View("/seller/members/groups/{own group}/"),
        "seller-group-new": View("/seller/members/groups/new/"),
        "seller-notices": View("/seller/notices/"),
        "seller-messages": View("/seller/messages/"),
        "seller-message": View("/seller/messages/{call}/"),
        "seller-message-curl": View("/seller/messages/{call}/", press=".tp-attempt details summary"),
        "seller-try": View("/seller/try/"),
        "seller-try-release": View("/seller/try/", press='[data-dialog^="sc-r"]'),
    },
    "operator": {
        "console-overview": View("/console/"),
        "console-operations": View("/console/operations/"),
        "console-operations-open": View("/console/operations/?show=open"),
        "console-operations-nothing-fits": View("/console/operations/?q=zzz"),
        "console-operation-stopped": View("/console/operations/{stopped operation}/"),
        "console-operation-pay-back": View(
            "/console/operations/{stopped operation}/", press='[data-dialog="pay-back"]'
        ),
        "console-operation-queued": View("/console/operations/{queued operation}/"),
        "console-operation-running": View("/console/operations/{running operation}/"),
        "console-orders": View("/console/orders/"),
        "console-orders-stopped": View("/console/orders/?status=stopped"),
        "console-orders-nothing-fits": View("/console/orders/?q=zzz"),
        "console-order": View("/console/orders/{refunded}/"),
        "console-order-closed": View("/console/orders/{closed}/"),
        "console-order-stopped": View("/console/orders/{stopped}/"),
        "console-order-pay-back": View("/console/orders/{stopped}/", press='[data-dialog="pay-back"]'),
        "console-calls": View("/console/calls/"),
        "console-call": View("/console/calls/{failing call}/"),
        "console-engine": View("/console/engine/"),
        "console-products": View("/console/products/"),
        "console-products-nothing-fits": View("/console/products/?q=zzz"),
        "console-product": View("/console/products/1/"),
        "console-product-freeze": View("/console/products/1/", press='[data-dialog="c-freeze"]'),
        "console-product-stop": View("/console/products/1/", press='[data-dialog="c-stop"]'),
        "console-sellers": View("/console/sellers/"),
        "console-seller": View("/console/sellers/1/"),
        "console-seller-suspend": View("/console/sellers/1/", press='[data-dialog="standing"]'),
        "console-reviews": View("/console/reviews/"),
        "console-reviews-ended": View("/console/reviews/?show=ended"),
        "console-review": View("/console/reviews/{waiting submission}/"),
        "console-review-product": View("/console/reviews/{product submission}/"),
        "console-review-preview": View("/console/reviews/{product submission}/preview/"),
        "console-review-change": View("/console/reviews/{change submission}/"),
        "console-review-rejected": View("/console/reviews/{rejected submission}/"),
        "console-review-failed": View("/console/reviews/{failed submission}/"),
        "console-agreements": View("/console/agreements/"),
        "console-agreement": View("/console/agreements/seller/"),
        "console-agreement-wrong": View(
            "/console/agreements/seller/", (("input[name=change]", "x"), ("textarea[name=text]", "short")), SUBMIT
        ),
        "console-accounts": View("/console/accounts/"),
        "console-account": View("/console/accounts/1/"),
        "console-top-up": View(
            "/console/accounts/1/", (("input[name=amount]", "1200.5"), ("input[name=reference]", "ICBC-7")), TOP_UP
        ),
        "console-top-up-wrong": View(
            "/console/accounts/1/", (("input[name=amount]", "1e9"), ("input[name=reference]", "ICBC-7")), TOP_UP
        ),
        "console-ledger": View("/console/ledger/?check=1"),
        "console-notices": View("/console/notices/"),
        "console-mails": View("/console/mails/"),
        "console-clock": View("/console/clock/"),
        "console-clock-wrong": View("/console/clock/", (("input[name=distance]", "soon"),), SUBMIT + ".btn-primary"),
    },
}

MORE_HISTORY = ("meter",)
MORE: dict[str, dict[str, View]] = {
    "": {
        "product-on-demand": View("/products/yunjian-api/"),
        "password-reset-sent": View("/account/password/reset/done/"),
        "signup-confirm": View("/account/confirm-email/"),
    },
    "buyer": {
        "checkout-on-demand": View("/checkout/{metered product}/"),
        "checkout-package": View("/checkout/{metered product}/?plan=ON_DEMAND_PKG-month-10000&periods=3"),
        "order-on-demand": View("/orders/{on demand}/"),
        "order-package": View("/orders/{package}/"),
        "order-package-unpaid": View("/orders/{package unpaid}/"),
        "service-on-demand": View("/services/{on demand service}/"),
        "service-package": View("/services/{package service}/"),
    },
    "newcomer": {
        "checkout-package-first": View("/checkout/{metered product}/?plan=ON_DEMAND_PKG-month-10000"),
    },
    "seller": {
        "seller-order-on-demand": View("/seller/orders/{on demand}-000001/"),
        "seller-order-package": View("/seller/orders/{package}-000001/"),
    },
    "operator": {
        "console-order-package": View("/console/orders/{package}/"),
    },
}
"""More of the same templates in other states: for the eye alone, since the tests see each template above."""
