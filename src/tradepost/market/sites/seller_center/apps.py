"""Django's registration of this site part."""

from django.apps import AppConfig


class SellerCenterConfig(AppConfig):
    name = "tradepost.market.sites.seller_center"
    label = "seller_center"
