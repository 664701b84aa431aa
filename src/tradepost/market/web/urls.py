"""Addresses that belong to no site: language, health, metrics, pictures, proofs."""

from __future__ import annotations

from django.urls import path

from .language import set_language
from .metrics import metrics
from .pictures import picture
from .proofs import proof

app_name = "web"
urlpatterns = [
    path("i18n/setlang/", set_language, name="set_language"),
    path("pictures/<str:sha256>/<str:variant>.webp", picture, name="picture"),
    path("proofs/<str:sha256>/", proof, name="proof"),
    path("metrics", metrics, name="metrics"),  # /healthz and /readyz are answered by health.Probes
]
