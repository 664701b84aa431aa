"""Django's registration of this context."""

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    name = "tradepost.market.organisations"
    label = "organisations"
