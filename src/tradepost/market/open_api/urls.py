"""Addresses of the open APIs."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "open_api"
urlpatterns: list[URLPattern] = []
