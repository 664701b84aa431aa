"""Addresses of this site: one line a page."""

from __future__ import annotations

from django.urls import URLPattern

app_name = "seller_center"
urlpatterns: list[URLPattern] = []
