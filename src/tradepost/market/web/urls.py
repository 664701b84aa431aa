"""Addresses outside of the sites: sign-in, language, health, metrics, pictures, documents."""

from __future__ import annotations

from django.urls import path

from . import branding, known_browsers, security
from .favicon import favicon
from .language import set_language
from .market_invitation import market_invitation
from .metrics import metrics
from .pictures import picture
from .proofs import proof

app_name = "web"
urlpatterns = [
    path("account/security/", security.security, name="security"),
    path("account/security/two-step/", security.turn_on, name="two_step_on"),
    path("account/security/two-step/off/", security.turn_off, name="two_step_off"),
    path("account/security/codes/", security.new_codes, name="two_step_codes"),
    path("account/security/log-ins/others/end/", security.end_others, name="log_ins_end"),
    path("account/security/log-ins/<int:pk>/end/", security.end_log_in, name="log_in_end"),
    path("account/this-browser/<str:token>/", known_browsers.unlock, name="known_browser"),
    path("favicon.ico", favicon, name="favicon"),
    path("invitation/<str:token>/", market_invitation, name="market_invitation"),
    path("i18n/setlang/", set_language, name="set_language"),
    path("pictures/<str:sha256>/<str:variant>.webp", picture, name="picture"),
    path("branding/<str:colour>.css", branding.stylesheet, name="brand_colours"),
    path("proofs/<str:sha256>/", proof, name="proof"),
    path("metrics", metrics, name="metrics"),  # health.Probes answers /healthz and /readyz
]
