"""Addresses of this site: one line a page."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import addresses, cases, debug, keys, messages, operations, orders, overview, try_out

app_name = "seller_center"
urlpatterns: list[URLPattern] = [
    path("", overview.overview, name="overview"),
    path("switch/", overview.switch, name="switch"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<str:number>/", orders.order, name="order"),
    path("operations/", operations.operations, name="operations"),
    path("operations/<int:pk>/", operations.operation, name="operation"),
    path("operations/<int:pk>/restart/", operations.restart, name="operation_restart"),
    path("addresses/", addresses.addresses, name="addresses"),
    path("addresses/new/", addresses.new_address, name="address_new"),
    path("addresses/<int:pk>/", addresses.address, name="address"),
    path("products/<int:pk>/bind/", addresses.bind, name="bind"),
    path("keys/", keys.keys, name="keys"),
    path("keys/signing/<str:interface_class>/", keys.rotate, name="key_rotate"),
    path("keys/access/", keys.create_access_key, name="access_key_new"),
    path("keys/access/<str:access_key>/delete/", keys.revoke, name="access_key_delete"),
    path("debug/", debug.debug, name="debug"),
    path("debug/<int:pk>/", debug.debug_address, name="debug_address"),
    path("debug/<int:pk>/why/", debug.find_out_why, name="find_out"),
    path("debug/<int:pk>/why/live/", debug.find_out_live, name="find_out_live"),
    path("debug/<int:pk>/why/stop/", debug.find_out_cancel, name="find_out_cancel"),
    path("debug/runs/<int:pk>/", debug.debug_run, name="debug_run"),
    path("debug/<int:pk>/<str:activity>/", debug.debug_case, name="debug_case"),
    path("debug/<int:pk>/<str:activity>/<str:variant>/", debug.debug_case, name="debug_variant"),
    path("cases/", cases.cases, name="cases"),
    path("cases/live/", cases.cases_live, name="cases_live"),
    path("cases/replay/", cases.replay_cases, name="cases_replay"),
    path("cases/stop/", cases.replay_cancel, name="cases_stop"),
    path("cases/<int:pk>/delete/", cases.delete_case, name="case_delete"),
    path("messages/", messages.messages, name="messages"),
    path("messages/<int:pk>/", messages.message, name="message"),
    path("messages/<int:pk>/live/", messages.message_live, name="message_live"),
    path("messages/<int:pk>/restart/", messages.restart_call, name="restart"),
    path("try/", try_out.try_out, name="try_out"),
    path("try/<int:pk>/", try_out.act, name="try_out_act"),
]
