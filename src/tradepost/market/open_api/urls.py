"""URLs of the open APIs. Other addresses under the prefix are answered like the gateway, in JSON."""

from __future__ import annotations

from django.urls import path

from . import buyer_orders, buyer_purchases, buyer_services, license_codes, resumable_upload
from .answers import unknown_api
from .app_keys import verify_app_key
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
    path("app-key/verify", verify_app_key, name="app_key_verify"),
    path("isv/usage-data", usage_data, name="usage_data"),
    path("query-orders", buyer_orders.list_orders, name="list_orders"),
    path("order-detail/query", buyer_orders.order_details, name="order_details"),
    path("order/batch-order", buyer_purchases.create_order, name="create_order"),
    path("order/batch-cancel", buyer_orders.cancel_orders, name="cancel_orders"),
    path("order/pay", buyer_purchases.pay_order, name="pay_order"),
    path("saas-instance/query", buyer_orders.saas_instance, name="saas_instance"),
    path("subscription-agreements-query", buyer_purchases.agreements, name="agreements"),
    path("service/query", buyer_services.list_services, name="list_services"),
    path("service-detail/query", buyer_services.show_service, name="show_service"),
    path("service/renew", buyer_purchases.renew_service, name="renew_service"),
    path("service/unsubscribe", buyer_purchases.unsubscribe_service, name="unsubscribe_service"),
    path("", unknown_api),
    path("<path:rest>", unknown_api),
]
