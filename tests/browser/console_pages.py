"""The pages of the console."""

from __future__ import annotations

from tests.browser.view import View

SUBMIT = "main form[method=post] button[type=submit]"
TOP_UP = 'main form[action$="/top-up/"] button[type=submit]'
OTHER_MONEY = (("input[name=reference]", "ICBC-7"), ("select[name=transfer]", "none"))

OF_OPERATORS: dict[str, View] = {
    "console-overview": View("/console/"),
    "console-operations": View("/console/operations/"),
    "console-operations-open": View("/console/operations/?show=open"),
    "console-operations-nothing-fits": View("/console/operations/?q=zzz"),
    "console-operation-stopped": View("/console/operations/{stopped operation}/"),
    "console-operation-pay-back": View("/console/operations/{stopped operation}/", press='[data-dialog="pay-back"]'),
    "console-operation-queued": View("/console/operations/{queued operation}/"),
    "console-operation-running": View("/console/operations/{running operation}/"),
    "console-orders": View("/console/orders/"),
    "console-invoices": View("/console/invoices/"),
    "console-invoice": View("/console/invoices/{issued invoice}/"),
    "console-fee-invoice": View("/console/invoices/{fee invoice}/"),
    "console-settlements": View("/console/settlements/"),
    "console-settlement": View("/console/settlements/{paying statement}/"),
    "console-settlement-wrong": View(
        "/console/settlements/{paying statement}/", (("input[name=bank_number]", "x"),), 'form[action$="/pay/"] button'
    ),
    "console-settlement-waits": View("/console/settlements/{statement}/"),
    "console-refunds": View("/console/refunds/?status="),
    "console-refund": View("/console/refunds/{unsubscribed}/"),
    "console-refund-asked": View("/console/refunds/{asked refund}/"),
    "console-orders-stopped": View("/console/orders/?status=stopped"),
    "console-orders-nothing-fits": View("/console/orders/?q=zzz"),
    "console-order": View("/console/orders/{refunded}/"),
    "console-order-closed": View("/console/orders/{closed}/"),
    "console-order-stopped": View("/console/orders/{stopped}/"),
    "console-order-pay-back": View("/console/orders/{stopped}/", press='[data-dialog="pay-back"]'),
    "console-calls": View("/console/calls/"),
    "console-call": View("/console/calls/{failing call}/"),
    "console-engine": View("/console/engine/"),
    "console-probes": View("/console/probes/"),
    "console-probe-run": View("/console/probes/runs/{probe run}/"),
    "console-product-frozen": View("/console/products/{frozen}/"),
    "console-products": View("/console/products/"),
    "console-products-nothing-fits": View("/console/products/?q=zzz"),
    "console-product": View("/console/products/1/"),
    "console-product-freeze": View("/console/products/1/", press='[data-dialog="c-freeze"]'),
    "console-product-stop": View("/console/products/1/", press='[data-dialog="c-stop"]'),
    "console-categories": View("/console/categories/"),
    "console-category-delete": View("/console/categories/", press='[data-dialog^="delete-"]'),
    "console-category": View("/console/categories/1/"),
    "console-category-wrong": View("/console/categories/new/", (("input[name=name]", "—"),), SUBMIT),
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
    "console-web-checks": View("/console/web-checks/"),
    "console-web-check": View("/console/web-checks/{appealed web report}/"),
    "console-review-appeal": View("/console/reviews/{appeal submission}/"),
    "console-review-file-appeal": View("/console/reviews/{file appeal}/"),
    "console-assets": View("/console/assets/"),
    "console-asset": View("/console/assets/{asset version}/"),
    "console-agreements": View("/console/agreements/"),
    "console-agreement": View("/console/agreements/seller/"),
    "console-agreement-wrong": View(
        "/console/agreements/seller/", (("input[name=change]", "x"), ("textarea[name=text]", "short")), SUBMIT
    ),
    "console-accounts": View("/console/accounts/"),
    "console-operators-sign-in": View("/console/accounts/operators/"),
    "console-account": View("/console/accounts/1/"),
    "console-top-up": View("/console/accounts/1/", (("input[name=amount]", "1200.5"), *OTHER_MONEY), TOP_UP),
    "console-top-up-wrong": View("/console/accounts/1/", (("input[name=amount]", "1e9"), *OTHER_MONEY), TOP_UP),
    "console-level-wrong": View(
        "/console/accounts/1/", (("input[name=reason]", "  "),), 'main form[action$="/level/"] button[type=submit]'
    ),
    "console-customer-type-wrong": View(
        "/console/accounts/1/", (("#type-reason", "  "),), 'main form[action$="/customer-type/"] button[type=submit]'
    ),
    "console-licenses": View("/console/licenses/"),
    "console-license-requests": View("/console/licenses/requests/"),
    "console-ledger": View("/console/ledger/?check=1"),
    "console-notices": View("/console/notices/"),
    "console-deliveries": View("/console/deliveries/"),
    "console-delivery": View("/console/deliveries/1/"),
    "console-notices-settings": View("/console/notices/settings/"),
    "console-jobs": View("/console/jobs/?show=done"),
    "console-clock": View("/console/clock/"),
    "console-clock-wrong": View("/console/clock/", (("input[name=distance]", "soon"),), SUBMIT + ".btn-primary"),
}
