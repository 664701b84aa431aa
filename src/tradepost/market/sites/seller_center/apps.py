"""Django configuration of the app ``seller_center``."""

from django.apps import AppConfig


class SellerCenterConfig(AppConfig):
    name = "tradepost.market.sites.seller_center"
    label = "seller_center"
