"""A seller of the kit that opens whatever is asked of it, for journeys of what is used."""

from __future__ import annotations

from typing import override

from tradepost.kit import AppInfo, Create, Created, Instance, InstanceInfo, Query, Seller

KEY = "the base key of a journey that is paid"


class OnDemand(Seller):
    """Opens what is asked for."""

    @override
    def on_create(self, command: Create) -> Created:
        return Created(instance_id=f"i-{command.order_id}", app=self._app())

    @override
    def on_query(self, command: Query, instance: Instance) -> InstanceInfo:
        return InstanceInfo(instance_id=instance.instance_id, app=self._app())

    def _app(self) -> AppInfo:
        return AppInfo(front_end_url="https://api.example/", user_name="lantian", password="Open-Sesame-7")
