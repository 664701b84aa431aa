"""Django's registration of this context."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from .first_agreements import make_first


class IdentityConfig(AppConfig):
    name = "tradepost.market.identity"
    label = "identity"

    def ready(self) -> None:
        post_migrate.connect(make_first, sender=self)
