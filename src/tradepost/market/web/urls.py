"""Addresses that belong to no site: language, health, metrics, pictures."""

from __future__ import annotations

from django.urls import path

from .language import set_language
from .metrics import metrics
from .pictures import picture

app_name = "web"
urlpatterns = [
    path("i18n/setlang/", set_language, name="set_language"),
    path("pictures/<str:sha256>/<str:variant>.webp", picture, name="picture"),
    path("metrics", metrics, name="metrics"),  # /healthz and /readyz are answered by health.Probes
]
