"""Django's registration of this context."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class CatalogConfig(AppConfig):
    name = "tradepost.market.catalog"
    label = "catalog"

    def ready(self) -> None:
        # Its models are there only now.
        from .shelf import after_migrate

        post_migrate.connect(after_migrate, sender=self)
