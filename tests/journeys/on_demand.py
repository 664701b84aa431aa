"""A kit seller that opens every instance, for journeys about usage."""

from __future__ import annotations

from typing import override

from tradepost.kit import AppInfo, Create, Created, Instance, InstanceInfo, Query, Seller

KEY = "the base key of a journey that is paid"


class OnDemand(Seller):
    """Open every instance."""

    @override
    def on_create(self, command: Create) -> Created:
        return Created(instance_id=f"i-{command.order_id}", app=self._app())

    @override
    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        return InstanceInfo(instance_id=instance.instance_id, app=self._app())

    def _app(self) -> AppInfo:
        return AppInfo(front_end_url="https://api.example/", user_name="lantian", password="Open-Sesame-7")
