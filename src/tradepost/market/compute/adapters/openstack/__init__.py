"""Clouds with the API of OpenStack Nova, by openstacksdk (extra ``openstack``)."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tradepost.market.compute.cloud_file import FileCloud, Setup
from tradepost.market.compute.contract import (
    CloudError,
    Login,
    NewServer,
    Owned,
    Seen,
    State,
    SystemImage,
    settings_are_final,
)
from tradepost.market.compute.first_login import user_data
from tradepost.market.compute.labels import MARKET, ORDER, SERVER, TASK

from .api import Api, fault_of, refusals

PACKAGE = "openstack"
"""Of the extra that brings the SDK; imported when the cloud is asked first."""
STATES = {"ACTIVE": State.RUNNING, "SHUTOFF": State.STOPPED, "DELETED": State.GONE, "SOFT_DELETED": State.GONE}
BROKEN = frozenset({"ERROR", "PAUSED", "SUSPENDED", "RESCUE", "UNKNOWN"})
MICROVERSION = "2.57"
"""Of the compute API: user data of a rebuild."""
VOLUME_MICROVERSION = "2.93"
"""Another image on a server that runs from a volume; ``disk_type`` itself needs 2.67."""
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
                with settings_are_final(), refusals():
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
                with settings_are_final(), refusals():
                    self._api.compute.rebuild_server(
                        server_id, wanted, admin_password=login.password, user_data=encoded(login),
                        metadata={**(server.metadata or {}), TASK: token},
                    )  # fmt: skip
                return Seen(server_id=server_id, state=State.UNFINISHED)
            if server.status == "ERROR":  # without the task in its metadata, a retry rebuilds it again
                self._api.compute.delete_server_metadata(server_id, [TASK])
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
        """Those that the list lacks are asked for by id: a list of several pages may leave out a server that exists."""
        with refusals():
            listed = self._api.compute.servers() if len(server_ids) > 1 else ()
            found = {server.id: server for server in listed if server.id in server_ids}
            for server_id in server_ids:
                if server_id not in found and (server := self._find(server_id)) is not None:
                    found[server_id] = server
        return {server_id: seen_of(server) for server_id, server in found.items()}

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
        from openstack.utils import supports_microversion

        file = self._file.now
        problems = [] if file.network.network else ["network: set the id of a network under [network]"]
        needed = VOLUME_MICROVERSION if any(size.disk_type for size in file.sizes) else MICROVERSION
        with refusals():
            if not supports_microversion(self._api.compute, needed):
                why = "sizes with a disk_type" if needed == VOLUME_MICROVERSION else "replacing system disks"
                problems.append(f"the compute API does not support the microversion {needed}, which {why} need")
            known = {flavour.id for flavour in self._api.compute.flavors()}
            problems += [f"flavour {one.flavour} does not exist" for one in file.sizes if one.flavour not in known]
            wanted = sorted({*(one.image for one in file.images), *file.imported.values()})
            problems += [f"no image has the id {image}" for image in wanted if not self._has_image(image)]
        return problems

    def _has_image(self, image: str) -> bool:
        """The SDK finds an image by its name too, with which no server can be created."""
        found = self._api.compute.find_image(image)
        return found is not None and found.id == image

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
