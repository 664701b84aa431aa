"""Addresses of this site: one line a page."""

from __future__ import annotations

from django.urls import path

from . import (
    accounts,
    agreements,
    calls,
    clock,
    engine,
    ledger,
    mails,
    notices,
    operations,
    orders,
    overview,
    review_products,
    reviews,
    sellers,
    standing,
)

app_name = "console"
urlpatterns = [
    path("", overview.show, name="overview"),
    path("orders/", orders.index, name="orders"),
    path("orders/<str:number>/", orders.detail, name="order"),
    path("orders/<str:number>/pay-back/", orders.pay_back, name="order_pay_back"),
    path("operations/", operations.index, name="operations"),
    path("operations/<int:pk>/", operations.detail, name="operation"),
    path("operations/<int:pk>/restart/", operations.restart, name="operation_restart"),
    path("calls/", calls.index, name="calls"),
    path("calls/<int:pk>/", calls.detail, name="call"),
    path("engine/", engine.show, name="engine"),
    path("engine/figures/", engine.figures, name="engine_figures"),
    path("sellers/", sellers.index, name="sellers"),
    path("sellers/<int:pk>/", sellers.detail, name="seller"),
    path("sellers/<int:pk>/suspend/", standing.suspend, name="seller_suspend"),
    path("sellers/<int:pk>/resume/", standing.resume, name="seller_resume"),
    path("sellers/<int:pk>/unlock/", standing.unlock, name="seller_unlock"),
    path("reviews/", reviews.index, name="reviews"),
    path("reviews/<int:pk>/", reviews.detail, name="review"),
    path("reviews/<int:pk>/preview/", review_products.preview, name="review_preview"),
    path("reviews/<int:pk>/replay/", review_products.replay_again, name="review_replay"),
    path("reviews/<int:pk>/replay/live/", review_products.live, name="review_replay_live"),
    path("reviews/<int:pk>/approve/", reviews.approve, name="review_approve"),
    path("reviews/<int:pk>/reject/", reviews.reject, name="review_reject"),
    path("reviews/<int:pk>/secret/<slug:field>/", reviews.secret, name="review_secret"),
    path("agreements/", agreements.index, name="agreements"),
    path("agreements/<slug:kind>/", agreements.publish, name="agreement"),
    path("accounts/", accounts.index, name="accounts"),
    path("accounts/<int:pk>/", accounts.detail, name="account"),
    path("accounts/<int:pk>/top-up/", accounts.top_up, name="top_up"),
    path("ledger/", ledger.show, name="ledger"),
    path("mails/", mails.index, name="mails"),
    path("mails/<int:pk>/retry/", mails.retry, name="mail_retry"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices_read"),
    path("notices/<int:pk>/open/", notices.open_notice, name="notice_open"),
    path("clock/", clock.show, name="clock"),
    path("clock/hands/", clock.hands, name="clock_hands"),
]
