"""Which site answers which address."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("tradepost.market.sites.storefront.urls")),
    path("seller/", include("tradepost.market.sites.seller_center.urls")),
    path("console/", include("tradepost.market.sites.console.urls")),
    path("api/mkp-openapi-public/global/v1/", include("tradepost.market.open_api.urls")),
    path("account/", include("allauth.account.urls")),
    path("", include("tradepost.market.web.urls")),
]

