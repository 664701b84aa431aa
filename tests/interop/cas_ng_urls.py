"""Addresses of ``cas_ng_site``."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import path
from django_cas_ng.views import LoginView

urlpatterns = [
    path("callback", LoginView.as_view(), name="cas_ng_login"),
    path("in/", lambda request: HttpResponse(request.user.get_username())),
]
