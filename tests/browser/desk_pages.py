"""Pages of demands and complaints: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

SEND = "main form[method=post] button.btn-primary"

OF_THE_DESK: dict[str, dict[str, View]] = {
    "": {
        "demand-new": View("/demands/new/"),
        "demand-new-wrong": View(
            "/demands/new/?q=ERP", (("#id_contact", "Z"), ("#id_email", "z@z.example"), ("#id_phone", "none")), SEND
        ),
        "demand-waits": View("/demands/follow/{demand link}/"),
        "letter": View("/letters/{letter}/"),
        "demand-answered": View("/demands/follow/{answered demand link}/"),
    },
    "buyer": {
        "demands": View("/demands/"),
        "complaints": View("/complaints/"),
        "complaint-new": View("/complaints/new/?service={complained service}"),
        "complaint": View("/complaints/{complaint}/"),
        "complaint-decided": View("/complaints/{decided complaint}/"),
    },
    "seller": {
        "seller-demands": View("/seller/demands/"),
        "seller-demand": View("/seller/demands/{passed demand}/"),
        "seller-complaints": View("/seller/complaints/"),
        "seller-complaint": View("/seller/complaints/{complaint}/"),
    },
    "operator": {
        "console-demands": View("/console/demands/"),
        "console-demand": View("/console/demands/{demand}/"),
        "console-demand-new": View("/console/demands/new/"),
        "console-complaints": View("/console/complaints/"),
        "console-complaint": View("/console/complaints/{complaint}/"),
        "console-complaint-decided": View("/console/complaints/{decided complaint}/"),
    },
}
