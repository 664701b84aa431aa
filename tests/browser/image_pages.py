"""Pages of servers and images on the three sites: a part of ``pages``."""

from __future__ import annotations

from tests.browser.view import View

OF_IMAGES: dict[str, dict[str, View]] = {
    "": {"product-image": View("/products/yunjian-gitlab/")},
    "buyer": {
        "servers": View("/servers/"),
        "server": View("/servers/{server}/"),
        "server-by-the-hour": View("/servers/{bare server}/"),
        "server-released": View("/servers/{released server}/"),
        "server-new": View("/servers/new/{image hourly}/"),
        "server-replace": View("/servers/{bare server}/replace/"),
        "server-release": View("/servers/{bare server}/release/"),
        "period-image-new": View("/servers/images/new/{image monthly}/"),
        "service-image": View("/services/{image service}/"),
        "service-period-image": View("/services/{period image service}/"),
        "service-image-idle": View("/services/{idle image service}/"),
    },
    "seller": {"seller-servers": View("/seller/servers/")},
    "newcomer": {"empty-servers": View("/servers/"), "empty-seller-servers": View("/seller/servers/")},
    "operator": {
        "console-servers": View("/console/servers/"),
        "console-orphans": View("/console/servers/orphans/"),
        "console-server": View("/console/servers/{server}/"),
        "console-server-released": View("/console/servers/{released server}/"),
        "console-images": View("/console/images/"),
        "console-image": View("/console/images/{period image}/"),
        "console-image-idle": View("/console/images/{idle image}/"),
    },
}
