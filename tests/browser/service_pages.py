"""Pages of services for operators, explanations of amounts, and comparisons: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

OF_SERVICES: dict[str, dict[str, View]] = {
    "buyer": {
        "order-explained": View("/orders/{completed}/explain/"),
        "order-agreements": View("/orders/{completed}/agreements/"),
        "service-explained": View("/services/{renewed}/explain/"),
        "service-trial": View("/services/{trial}/"),
        "service-formal": View("/services/{trial}/formal/"),
        "service-formal-not": View("/services/1/formal/"),
        "service-renewal-change": View("/services/{agreed change}/change/renewal/"),
        "service-renewal-change-agreed": View(
            "/services/{agreed change}/change/renewal/?attr_edition=pro&plan=PERIOD-month&periods=1&quantity=3"
        ),
        "service-renewal-change-not": View("/services/{licensed}/change/renewal/"),
    },
    "seller": {
        "seller-order-agreement": View("/seller/orders/{own}-000001/agreement/"),
        "seller-order-explained": View("/seller/orders/{own}-000001/explain/"),
    },
    "operator": {
        "console-queue": View("/console/queue/"),
        "console-queue-beside": View("/console/queue/", press=".c-more"),
        "console-queue-mine": View("/console/queue/?show=mine"),
        "console-queue-put-off": View("/console/queue/?show=snoozed"),
        "console-audit": View("/console/audit/"),
        "console-audit-entry": View("/console/audit/", press="main tbody a"),
        "console-audit-nothing-fits": View("/console/audit/?id=zzz"),
        "console-services": View("/console/services/"),
        "console-services-nothing-fits": View("/console/services/?q=zzz"),
        "console-service": View("/console/services/{renewed}/"),
        "console-service-frozen": View("/console/services/{frozen}/"),
        "console-service-freeze": View("/console/services/1/", press='[data-dialog="c-freeze"]'),
        "console-service-release": View("/console/services/1/", press='[data-dialog="c-release"]'),
        "console-service-explained": View("/console/services/{renewed}/explain/"),
        "console-order-agreements": View("/console/orders/{refunded}/agreements/"),
        "console-order-explained": View("/console/orders/{refunded}/explain/"),
        "console-reconcile": View("/console/reconcile/"),
    },
}
