"""Pages of usage packages on the three sites: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

ALERT = "main form:has([name=threshold]) [type=submit]"

OF_PACKAGES: dict[str, dict[str, View]] = {
    "": {"product-packages": View("/products/yunjian-translate/"), "product-uses": View("/products/yunjian-seal/")},
    "buyer": {
        "package": View("/services/{packed}/package/"),
        "package-alert-wrong": View("/services/{packed}/package/", (("#threshold", "140"),), ALERT),
        "package-alert-set": View("/services/{packed}/package/", (("#threshold", "30"), ("#repurchases", "2")), ALERT),
        "package-used-up": View("/services/{empty}/package/"),
        "packages-alert": View("/packages/alert/"),
        "service-packed": View("/services/{packed service}/"),
        "service-stopped": View("/services/{stopped service}/"),
        "service-package-left": View("/services/{packed}/"),
        "checkout-uses": View("/checkout/{uses product}/"),
        "service-uses": View("/services/{uses}/"),
        "service-uses-used-up": View("/services/{used up}/"),
        "package-uses": View("/services/{uses}/package/"),
        "charge-packed": View("/charges/{packed charge}/"),
        "charge-free": View("/charges/{free charge}/"),
    },
    "seller": {"seller-packages": View("/seller/usage/packages/")},
    "newcomer": {"empty-seller-packages": View("/seller/usage/packages/")},
    "operator": {
        "console-service-packed": View("/console/services/{packed service}/"),
        "console-service-uses": View("/console/services/{used up}/"),
    },
}
