"""Django's registration of this context."""

from django.apps import AppConfig


class PersonalDataConfig(AppConfig):
    name = "tradepost.market.personal_data"
    label = "personal_data"
