"""URLs of APIs with a second version."""

from __future__ import annotations

from django.urls import path

from . import license_codes
from .answers import unknown_api

app_name = "open_api_v2"
urlpatterns = [
    path("license/activate", license_codes.activate_many, name="license_activate"),
    path("license/heartbeat", license_codes.query_many, name="license_query"),
    path("license/software-usage-info", license_codes.usage_info, name="software_usage"),
    path("", unknown_api),
    path("<path:rest>", unknown_api),
]
