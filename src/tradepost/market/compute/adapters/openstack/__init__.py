"""Clouds with the API of OpenStack Nova, by openstacksdk (extra ``openstack``). Needs the compute API 2.57 or later."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tradepost.market.compute.cloud_file import FileCloud, Setup
from tradepost.market.compute.contract import CloudError, Login, NewServer, Owned, Seen, State, SystemImage
from tradepost.market.compute.first_login import user_data
from tradepost.market.compute.labels import MARKET, ORDER, SERVER, TASK

from .api import Api, fault_of, refusals

PACKAGE = "openstack"
"""Of the extra that brings the SDK; imported when the cloud is asked first."""
STATES = {"ACTIVE": State.RUNNING, "SHUTOFF": State.STOPPED, "DELETED": State.GONE, "SOFT_DELETED": State.GONE}
BROKEN = frozenset({"ERROR", "PAUSED", "SUSPENDED", "RESCUE", "UNKNOWN"})
POWERED = 1
"""Nova's power state of a running machine."""


class OpenStack(FileCloud):
    """Satisfies ``Compute``, ``Inventory`` and ``Checkable``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__("openstack", setup)
        self._api = Api(self._file)

    def create(self, wanted: NewServer, *, token: str) -> Seen:
        """A server whose creation failed is deleted, so that the next attempt makes a new one."""
        with refusals():
            server = self._by_token(token)
            if server is None:
                server = self._api.compute.create_server(**self._new(wanted, token))
                return Seen(server_id=server.id, state=State.UNFINISHED)
            if server.status == "ERROR":
                self._api.compute.delete_server(server.id)
                message = str((server.fault or {}).get("message", "the server is in the state ERROR"))
                raise CloudError(message, fault=fault_of(message))
        seen = seen_of(server)
        return Seen(server_id=server.id, state=State.UNFINISHED) if seen.state is State.CHANGING else seen

    def _new(self, wanted: NewServer, token: str) -> dict[str, Any]:
        file, size = self._file.now, self._file.now.size(wanted.size)
        image, network = file.image(wanted.image), file.network
        options: dict[str, Any] = {
            "name": wanted.name, "flavor_id": size.flavour, "networks": [{"uuid": network.network}],
            "metadata": {**wanted.labels, SERVER: token}, "tags": tags_of(token, wanted.labels.get(MARKET, "")),
            "admin_password": wanted.login.password, "user_data": encoded(wanted.login),
        }  # fmt: skip
        if size.disk_type:
            disk = {"boot_index": 0, "uuid": image, "source_type": "image", "destination_type": "volume"}
            disk |= {"volume_size": size.disk_gb, "volume_type": size.disk_type, "delete_on_termination": True}
            options["block_device_mapping"] = [disk]
        else:
            options["image_id"] = image
        if network.security_groups:
            options["security_groups"] = [{"name": group} for group in network.security_groups]
        if file.key_pair:
            options["key_name"] = file.key_pair
        if network.zone:
            options["availability_zone"] = network.zone
        return options

    def start(self, server_id: str, *, token: str) -> Seen:
        del token  # a started server stays so
        with refusals():
            server = self._existing(server_id)
            seen = seen_of(server)
            if seen.state is State.STOPPED:
                self._api.compute.start_server(server_id)
                return Seen(server_id=server_id, state=State.UNFINISHED)
        return Seen(server_id=server_id, state=State.UNFINISHED) if seen.state is State.CHANGING else seen

    def stop(self, server_id: str, *, token: str) -> Seen:
        del token
        with refusals():
            server = self._existing(server_id)
            seen = seen_of(server)
            if seen.state is State.RUNNING:
                self._api.compute.stop_server(server_id)
                return Seen(server_id=server_id, state=State.UNFINISHED)
        return Seen(server_id=server_id, state=State.UNFINISHED) if seen.state is State.CHANGING else seen

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> Seen:
        """Nova keeps the task in the server's metadata in the same call that rebuilds it."""
        wanted = self._file.now.image(image)
        with refusals():
            server = self._existing(server_id)
            seen = seen_of(server)
            if seen.state is State.CHANGING:
                return Seen(server_id=server_id, state=State.UNFINISHED)
            if (server.metadata or {}).get(TASK) != token:
                self._api.compute.rebuild_server(
                    server_id, wanted, admin_password=login.password, user_data=encoded(login),
                    metadata={**(server.metadata or {}), TASK: token},
                )  # fmt: skip
                return Seen(server_id=server_id, state=State.UNFINISHED)
            if server.status == "ERROR":
                raise CloudError(str((server.fault or {}).get("message", "the server is in the state ERROR")))
            if seen.state is State.STOPPED:
                self._api.compute.start_server(server_id)
                return Seen(server_id=server_id, state=State.UNFINISHED)
        return seen

    def release(self, server_id: str, *, token: str) -> Seen:
        with refusals():
            server = self._find(server_id) if server_id else None
            if server is None and token:
                server = self._by_token(token)
            if server is None or STATES.get(server.status) is State.GONE:
                return Seen(server_id=server_id, state=State.GONE)
            if server.task_state != "deleting":
                self._api.compute.delete_server(server.id)
        return Seen(server_id=server.id, state=State.CHANGING)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, Seen]:
        with refusals():
            if len(server_ids) == 1:
                found = [one for one in (self._find(*server_ids),) if one is not None]
            else:
                found = [one for one in self._api.compute.servers() if one.id in server_ids]
        return {one.id: seen_of(one) for one in found}

    def owned(self, market: str) -> Sequence[Owned]:
        with refusals():
            found = list(self._api.compute.servers(tags=market_tag(market)))
        return [
            Owned(
                server_id=one.id, token=(one.metadata or {}).get(SERVER, ""), order=(one.metadata or {}).get(ORDER, ""),
                name=one.name or "",
            )
            for one in found
            if STATES.get(one.status) is not State.GONE
        ]  # fmt: skip

    def check(self) -> Sequence[str]:
        file, problems = self._file.now, []
        with refusals():
            known = {flavour.id for flavour in self._api.compute.flavors()}
            problems += [f"flavour {one.flavour} does not exist" for one in file.sizes if one.flavour not in known]
            wanted = sorted({*(one.image for one in file.images), *file.imported.values()})
            problems += [
                f"image {image} does not exist" for image in wanted if self._api.compute.find_image(image) is None
            ]
        return problems

    def _by_token(self, token: str) -> Any:
        found = [one for one in self._api.compute.servers(tags=token) if STATES.get(one.status) is not State.GONE]
        return min(found, key=lambda one: str(one.created_at), default=None)

    def _find(self, server_id: str) -> Any:
        from openstack.exceptions import NotFoundException

        try:
            return self._api.compute.get_server(server_id)
        except NotFoundException:
            return None

    def _existing(self, server_id: str) -> Any:
        server = self._find(server_id)
        if server is None or STATES.get(server.status) is State.GONE or server.task_state == "deleting":
            raise CloudError(f"server {server_id} does not exist any more", final=True)
        return server


def market_tag(market: str) -> str:
    return f"{MARKET}={market}"


def tags_of(token: str, market: str) -> list[str]:
    """Nova finds servers by tags, not by metadata. A tag has at most 60 characters, so the token stands alone."""
    return [token, *([market_tag(market)] if market else [])]


def encoded(login: Login) -> str:
    return base64.b64encode(user_data(login).encode()).decode()


def seen_of(server: Any) -> Seen:
    """While Nova works on a server its task state is set, whatever its status."""
    if server.task_state or server.status not in STATES.keys() | BROKEN:
        return Seen(server_id=server.id, state=State.CHANGING)
    addresses = [one for network in (server.addresses or {}).values() for one in network]
    floating = [one["addr"] for one in addresses if one.get("OS-EXT-IPS:type") == "floating"]
    fixed = [one["addr"] for one in addresses if one.get("version") == 4] or [one["addr"] for one in addresses]
    return Seen(
        server_id=server.id, state=STATES.get(server.status, State.RUNNING),
        healthy=server.status not in BROKEN and server.power_state in {None, POWERED},
        address=next(iter(floating + fixed), ""),
    )  # fmt: skip


def make(setup: Setup) -> OpenStack:
    """Raises ``ValueError`` for a cloud file that cannot be read."""
    return OpenStack(setup)
