"""Pages of applications that enterprises use, in every relevant state: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

E = "/enterprise/lantian/applications"
SAVE = "main form button[type=submit]"

OF_JOINT: dict[str, dict[str, View]] = {
    "buyer": {
        "enterprise-applications": View(f"{E}/"),
        "enterprise-bind": View(f"{E}/bind/{{bindable}}/"),
        "enterprise-application": View(f"{E}/{{bound}}/", press='[data-dialog="sf-unbind"]'),
        "enterprise-authorise-nobody": View(f"{E}/{{bound}}/authorise/", press=".tp-actions button[type=submit]"),
        "enterprise-authorise-department": View(f"{E}/{{bound}}/departments/"),
        "enterprise-authorise-group": View(f"{E}/{{bound}}/groups/"),
        "enterprise-released": View(f"{E}/{{bound}}/fields/"),
        "enterprise-application-stopped": View(f"{E}/{{not bound}}/"),
        "service-bound": View("/services/{joint service}/"),
        "service-bindable": View("/services/{bindable}/"),
    },
    "seller": {
        "seller-applications": View("/seller/applications/"),
        "seller-application": View("/seller/applications/{application}/"),
        "seller-application-change": View("/seller/applications/{application}/change/", (("[name=name]", " "),), SAVE),
        "seller-application-secret": View("/seller/applications/{application}/", press='[data-dialog="sc-new-secret"]'),
        "seller-application-move": View("/seller/applications/{application}/move/"),
        "seller-application-new": View("/seller/applications/new/", press=SAVE),
    },
    "operator": {
        "console-enterprises": View("/console/enterprises/"),
        "console-bindings": View("/console/bindings/"),
        "console-binding": View("/console/bindings/{not bound}/"),
        "console-binding-send-again": View("/console/bindings/{not bound}/send-again/"),
    },
}  # fmt: skip
