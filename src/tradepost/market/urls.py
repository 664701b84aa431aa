"""The root URL configuration: which site serves which address."""

from __future__ import annotations

from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from tradepost.market.open_api.answers import unknown_api
from tradepost.market.open_api.deployed_objects import deployed_objects
from tradepost.market.open_api.document import openapi
from tradepost.market.open_api.usage import usage_data_2018, usage_data_old
from tradepost.market.sites.seller_center import uploads
from tradepost.market.web import provider_adapter
from tradepost.market.web.accounts import change_password, log_in
from tradepost.market.web.privacy_consent import privacy_consent
from tradepost.market.web.programs import PREFIXES
from tradepost.market.web.second_step import second_step
from tradepost.market.web.sign_up import sign_up

handler400 = "tradepost.market.open_api.answers.bad_request"
handler500 = "tradepost.market.open_api.answers.server_error"
urlpatterns = [
    path("", include("tradepost.market.sites.storefront.urls")),
    path("seller/", include("tradepost.market.sites.seller_center.urls")),
    path("uploads/", uploads.uploads, name="uploads"),
    path("uploads/<str:token>/", uploads.upload, name="upload"),
    path("console/", include("tradepost.market.sites.console.urls")),
    path("api/openapi.json", openapi, name="openapi"),
    path("api/mkp-openapi-public/global/v1/", include("tradepost.market.open_api.urls")),
    path("api/mkp-openapi-public/global/v2/", include("tradepost.market.open_api.urls_v2")),
    path("api/mkp-openapi-public/v1/asset/deployed-object", deployed_objects, name="deployed_objects"),
    path("rest/marketplace/v1/isv/usage-data", usage_data_old, name="usage_data_old"),
    path("v1.0/<str:partner_id>/billing/bill-mgr/push-usage-data", usage_data_2018, name="usage_data_2018"),
    *(path(f"{prefix}/<path:rest>", csrf_exempt(unknown_api)) for prefix in PREFIXES),
    path("account/login/", log_in, name="account_login"),
    path("account/login/code/", second_step, name="second_step"),
    path("account/signup/", sign_up, name="account_signup"),
    path("account/privacy/", privacy_consent, name="privacy_consent"),
    path("account/password/change/", change_password, name="account_change_password"),
    path("account/oidc/ended/", provider_adapter.sign_in_again, name="socialaccount_login_cancelled"),
    path("account/oidc/failed/", provider_adapter.sign_in_again, name="socialaccount_login_error"),
    path("account/oidc/sign-up/", provider_adapter.sign_in_again, name="socialaccount_signup"),
    path("account/oidc/connected/", provider_adapter.sign_in_again, name="socialaccount_connections"),
    path("account/oidc/<slug:provider_id>/login/", provider_adapter.begin, name="openid_connect_login"),
    path("account/oidc/<slug:provider_id>/login/callback/", provider_adapter.callback, name="openid_connect_callback"),
    path("account/", include("allauth.account.urls")),
    path("t/<str:code>/scim/v2/", include("tradepost.market.scim.urls")),
    path("", include("tradepost.market.auth_centre.urls")),
    path("", include("tradepost.market.web.urls")),
]
