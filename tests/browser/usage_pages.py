"""Pages of usage, charges and arrears on the three sites: a part of ``pages``."""

from __future__ import annotations

from tests.browser.console_pages import SUBMIT
from tests.browser.view import View

OF_USAGE: dict[str, dict[str, View]] = {
    "buyer": {
        "usage": View("/services/{used service}/usage/"),
        "usage-numbers": View("/services/{used service}/usage/", press=".tp-chart-rows summary"),
        "usage-nothing": View("/services/{used service}/usage/?month=2020-01"),
        "service-on-demand-used": View("/services/{used service}/"),
        "charges": View("/charges/"),
        "charges-nothing-fits": View("/charges/?state=open"),
        "charge": View("/charges/{charge}/"),
    },
    "debtor": {
        "charges-owed": View("/charges/"),
        "charge-owed": View("/charges/{owed charge}/"),
        "checkout-owed": View("/checkout/{used product}/"),
        "service-owed": View("/services/{owed service}/"),
    },
    "newcomer": {
        "empty-charges": View("/charges/"),
        "empty-seller-usage": View("/seller/usage/"),
        "empty-seller-usage-chart": View("/seller/usage/chart/"),
        "empty-seller-usage-charges": View("/seller/usage/charges/"),
    },
    "seller": {
        "seller-usage": View("/seller/usage/"),
        "seller-usage-none-fits": View("/seller/usage/?q=zzz"),
        "seller-usage-refused": View("/seller/usage/refused/"),
        "seller-usage-pushes": View("/seller/usage/pushes/"),
        "seller-usage-chart": View("/seller/usage/chart/"),
        "seller-usage-chart-service": View("/seller/usage/chart/?q={used instance}", press=".tp-chart-rows summary"),
        "seller-usage-chart-none": View("/seller/usage/chart/?q=zzz"),
        "seller-usage-charges": View("/seller/usage/charges/"),
        "seller-usage-charge": View("/seller/usage/charges/{charge}/"),
        "seller-usage-record": View("/seller/usage/records/{usage record}/"),
        "seller-usage-record-wrong": View(
            "/seller/usage/records/{usage record}/", (("textarea[name=reason]", "  "),), SUBMIT
        ),
        "seller-usage-record-voided": View("/seller/usage/records/{voided record}/"),
    },
    "operator": {
        "console-usage": View("/console/usage/"),
        "console-arrears": View("/console/usage/arrears/"),
        "console-charges": View("/console/usage/charges/"),
        "console-charges-of-one": View("/console/usage/charges/?buyer={debtor key}"),
        "console-charge": View("/console/usage/charges/{charge}/"),
        "console-account-owes": View("/console/accounts/{debtor key}/"),
    },
}
