"""Addresses of the open APIs. What is not one of them answers as the gateway does, in JSON."""

from __future__ import annotations

from django.urls import path

from . import license_codes, resumable_upload
from .answers import unknown_api
from .license_upload import license_upload
from .order_query import order_query
from .usage import usage_data

app_name = "open_api"
urlpatterns = [
    path("order/query", order_query, name="order_query"),
    path("market-event/<str:event_id>/file", license_upload, name="license_upload"),
    path("market-event/<str:event_id>/file/resumable", resumable_upload.begin, name="license_upload_begin"),
    path("market-event/resumable/<str:token>", resumable_upload.piece, name="license_upload_piece"),
    path("license/activate", license_codes.activate_one, name="license_activate"),
    path("license/heartbeat", license_codes.query_one, name="license_query"),
    path("isv/usage-data", usage_data, name="usage_data"),
    path("", unknown_api),
    path("<path:rest>", unknown_api),
]
