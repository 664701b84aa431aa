"""Addresses of ``openid_site``."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

urlpatterns = [
    path("begin/", OIDCAuthenticationRequestView.as_view(), name="oidc_authentication_init"),
    path("callback", OIDCAuthenticationCallbackView.as_view(), name="oidc_authentication_callback"),
    path("in/", lambda request: HttpResponse(request.user.get_username())),
]
