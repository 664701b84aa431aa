"""Addresses of this site: one line a page."""

from __future__ import annotations

from django.urls import path

from . import (
    agreement,
    balance,
    checkout,
    compare,
    home,
    licenses,
    notices,
    order,
    orders,
    product,
    profile,
    renew,
    seller,
    subscription,
    subscriptions,
)

app_name = "storefront"
urlpatterns = [
    path("", home.home, name="home"),
    path("products/<slug:slug>/", product.product, name="product"),
    path("products/<slug:slug>/picture.svg", product.picture, name="picture"),
    path("sellers/<slug:seller_slug>/", seller.seller, name="seller"),
    path("compare/", compare.compare, name="compare"),
    path("checkout/<int:product_id>/", checkout.checkout, name="checkout"),
    path("agreements/<slug:kind>/", agreement.agreement, name="agreement"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<str:number>/", order.order, name="order"),
    path("orders/<str:number>/pay/", order.pay, name="pay"),
    path("orders/<str:number>/cancel/", order.cancel, name="cancel"),
    path("orders/<str:number>/progress/", order.progress, name="progress"),
    path("services/", subscriptions.subscriptions, name="subscriptions"),
    path("services/<int:pk>/", subscription.subscription, name="subscription"),
    path("services/<int:pk>/renew/", renew.renew, name="renew"),
    path("services/<int:pk>/password/", subscription.password, name="password"),
    path("services/<int:pk>/license/", subscription.license_text, name="license"),
    path("services/<int:pk>/license.txt", subscription.license_file, name="license_file"),
    path("services/<int:pk>/licenses/", licenses.apply, name="license_apply"),
    path("services/<int:pk>/licenses/<int:license_pk>/", licenses.text, name="license_of_machine"),
    path("services/<int:pk>/licenses/<int:license_pk>/file", licenses.download, name="license_download"),
    path("notices/", notices.notices, name="notices"),
    path("notices/read/", notices.read_all, name="notices_read"),
    path("notices/<int:pk>/open/", notices.open_notice, name="notice_open"),
    path("balance/", balance.balance, name="balance"),
    path("profile/", profile.profile, name="profile"),
]
