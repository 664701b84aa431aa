"""Addresses of this site: one line a page."""

from __future__ import annotations

from django.urls import URLPattern, path

from . import (
    addresses,
    company,
    drafting,
    enter,
    keys,
    messages,
    operations,
    orders,
    overview,
    pictures,
    submissions,
    try_out,
)

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
    path("messages/", messages.messages, name="messages"),
    path("messages/<int:pk>/", messages.message, name="message"),
    path("messages/<int:pk>/live/", messages.message_live, name="message_live"),
    path("messages/<int:pk>/restart/", messages.restart_call, name="restart"),
    path("enter/", enter.enter, name="enter"),
    path("company/", company.company, name="company"),
    path("company/agreements/", company.agreements, name="agreements"),
    path("company/agreements/<slug:kind>/accept/", company.accept, name="agreement_accept"),
    path("company/statement/", company.statement, name="statement"),
    path("company/draft/<slug:kind>/", drafting.draft, name="draft"),
    path("company/draft/<slug:kind>/discard/", drafting.discard, name="draft_discard"),
    path("submissions/", submissions.submissions, name="submissions"),
    path("submissions/<int:pk>/", submissions.submission, name="submission"),
    path("submissions/<int:pk>/progress/", submissions.progress, name="submission_progress"),
    path("submissions/<int:pk>/withdraw/", submissions.withdraw, name="submission_withdraw"),
    path("submissions/<int:pk>/correct/", submissions.correct, name="submission_correct"),
    path("pictures/", pictures.upload, name="picture_upload"),
    path("try/", try_out.try_out, name="try_out"),
    path("try/<int:pk>/", try_out.act, name="try_out_act"),
]
