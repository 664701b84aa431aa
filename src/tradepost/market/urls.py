"""Which site answers which address."""

from __future__ import annotations

from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from tradepost.market.open_api.answers import unknown_api
from tradepost.market.web.accounts import log_in

handler400 = "tradepost.market.open_api.answers.bad_request"
handler500 = "tradepost.market.open_api.answers.server_error"
urlpatterns = [
    path("", include("tradepost.market.sites.storefront.urls")),
    path("seller/", include("tradepost.market.sites.seller_center.urls")),
    path("console/", include("tradepost.market.sites.console.urls")),
    path("api/mkp-openapi-public/global/v1/", include("tradepost.market.open_api.urls")),
    path("api/<path:rest>", csrf_exempt(unknown_api)),
    path("account/login/", log_in, name="account_login"),
    path("account/", include("allauth.account.urls")),
    path("", include("tradepost.market.web.urls")),
]
