"""Adapter for clouds with the OpenStack Nova API, using openstacksdk (extra ``openstack``)."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tradepost.market.compute.cloud_file import FileCloud, Setup, place_of
from tradepost.market.compute.contract import (
    CloudError,
    Login,
    NewServer,
    ObservedServer,
    OwnedServer,
    State,
    SystemImage,
    settings_are_final,
)
from tradepost.market.compute.first_login import user_data
from tradepost.market.compute.labels import MARKET, ORDER, SERVER, TASK

from .api import Api, cloud_errors, fault_of

PACKAGE = "openstack"
"""The SDK package that the extra installs; imported on the first call."""
STATES = {"ACTIVE": State.RUNNING, "SHUTOFF": State.STOPPED, "DELETED": State.GONE, "SOFT_DELETED": State.GONE}
BROKEN = frozenset({"ERROR", "PAUSED", "SUSPENDED", "RESCUE", "UNKNOWN"})
MICROVERSION = "2.57"
"""Microversion of the compute API that supports user data in a rebuild."""
VOLUME_MICROVERSION = "2.93"
"""Microversion that can replace the image of a server with a boot volume; ``disk_type`` alone needs 2.67."""
POWER_STATE_RUNNING = 1
"""Nova's power state of a running server."""


class OpenStack(FileCloud):
    """Implements ``Compute``, ``Inventory`` and ``Checkable``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__("openstack", setup)
        self._api = Api(self._file)

    def create(self, new_server: NewServer, *, token: str) -> ObservedServer:
        """Find or create the server. A server whose creation failed is deleted, so that the next attempt creates
        another."""
        with cloud_errors():
            server = self._by_token(token)
            if server is None:
                with settings_are_final(), cloud_errors():
                    server = self._api.compute.create_server(**self._new(new_server, token))
                return ObservedServer(server_id=server.id, state=State.UNFINISHED)
            if server.status == "ERROR":
                self._api.compute.delete_server(server.id)
                message = str((server.fault or {}).get("message", "the server is in the state ERROR"))
                raise CloudError(message, fault=fault_of(message))
        observed_server = to_observed_server(server)
        return (
            ObservedServer(server_id=server.id, state=State.UNFINISHED)
            if observed_server.state is State.CHANGING
            else observed_server
        )

    def _new(self, new_server: NewServer, token: str) -> dict[str, Any]:
        file, size = self._file.now, self._file.now.size(new_server.size)
        image, network = file.image(new_server.image), file.network
        options: dict[str, Any] = {
            "name": new_server.name, "flavor_id": size.flavour, "networks": [{"uuid": network.network}],
            "metadata": {**new_server.labels, SERVER: token}, "tags": tags_of(token, new_server.labels.get(MARKET, "")),
            "admin_password": new_server.login.password, "user_data": encoded(new_server.login),
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

    def start(self, server_id: str, *, token: str) -> ObservedServer:
        del token  # starting is idempotent
        with cloud_errors():
            server = self._existing(server_id)
            observed_server = to_observed_server(server)
            if observed_server.state is State.STOPPED:
                self._api.compute.start_server(server_id)
                return ObservedServer(server_id=server_id, state=State.UNFINISHED)
        return (
            ObservedServer(server_id=server_id, state=State.UNFINISHED)
            if observed_server.state is State.CHANGING
            else observed_server
        )

    def stop(self, server_id: str, *, token: str) -> ObservedServer:
        del token
        with cloud_errors():
            server = self._existing(server_id)
            observed_server = to_observed_server(server)
            if observed_server.state is State.RUNNING:
                self._api.compute.stop_server(server_id)
                return ObservedServer(server_id=server_id, state=State.UNFINISHED)
        return (
            ObservedServer(server_id=server_id, state=State.UNFINISHED)
            if observed_server.state is State.CHANGING
            else observed_server
        )

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> ObservedServer:
        """Rebuild the server. Nova stores the task in the server's metadata in the same call."""
        image_id = self._file.now.image(image)
        with cloud_errors():
            server = self._existing(server_id)
            observed_server = to_observed_server(server)
            if observed_server.state is State.CHANGING:
                return ObservedServer(server_id=server_id, state=State.UNFINISHED)
            if (server.metadata or {}).get(TASK) != token:
                with settings_are_final(), cloud_errors():
                    self._api.compute.rebuild_server(
                        server_id, image_id, admin_password=login.password, user_data=encoded(login),
                        metadata={**(server.metadata or {}), TASK: token},
                    )  # fmt: skip
                return ObservedServer(server_id=server_id, state=State.UNFINISHED)
            if server.status == "ERROR":  # without the task in the metadata, a retry rebuilds the server again
                self._api.compute.delete_server_metadata(server_id, [TASK])
                raise CloudError(str((server.fault or {}).get("message", "the server is in the state ERROR")))
            if observed_server.state is State.STOPPED:
                self._api.compute.start_server(server_id)
                return ObservedServer(server_id=server_id, state=State.UNFINISHED)
        return observed_server

    def release(self, server_id: str, *, token: str) -> ObservedServer:
        with cloud_errors():
            server = self._find(server_id) if server_id else None
            if server is None and token:
                server = self._by_token(token)
            if server is None or STATES.get(server.status) is State.GONE:
                return ObservedServer(server_id=server_id, state=State.GONE)
            if server.task_state != "deleting":
                self._api.compute.delete_server(server.id)
        return ObservedServer(server_id=server.id, state=State.CHANGING)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, ObservedServer]:
        """Observe the servers. Those missing from the list are fetched by id, because a list of several pages may be
        incomplete."""
        with cloud_errors():
            listed_servers = self._api.compute.servers() if len(server_ids) > 1 else ()
            by_id = {server.id: server for server in listed_servers if server.id in server_ids}
            for server_id in server_ids:
                if server_id not in by_id and (server := self._find(server_id)) is not None:
                    by_id[server_id] = server
        return {server_id: to_observed_server(server) for server_id, server in by_id.items()}

    def is_gone(self, server_id: str) -> bool:
        with cloud_errors():
            server = self._find(server_id)
        return server is None or STATES.get(server.status) is State.GONE

    def place(self) -> str:
        """The project is the one of the token, whatever the cloud file calls it."""
        with cloud_errors():
            compute = self._api.compute
            next(iter(compute.flavors()), None)
            return place_of(self._file.now, str(compute.get_project_id()))

    def owned(self, market: str) -> Sequence[OwnedServer]:
        with cloud_errors():
            servers = list(self._api.compute.servers(tags=market_tag(market)))
        return [
            OwnedServer(
                server_id=server.id, token=(server.metadata or {}).get(SERVER, ""), order=(server.metadata or {}).get(ORDER, ""),
                name=server.name or "",
            )
            for server in servers
            if STATES.get(server.status) is not State.GONE
        ]  # fmt: skip

    def check(self) -> Sequence[str]:
        from openstack.utils import supports_microversion

        file = self._file.now
        problems = [] if file.network.network else ["network: set the id of a network under [network]"]
        required_version = VOLUME_MICROVERSION if any(size.disk_type for size in file.sizes) else MICROVERSION
        with cloud_errors():
            if not supports_microversion(self._api.compute, required_version):
                purpose = (
                    "sizes with a disk_type" if required_version == VOLUME_MICROVERSION else "replacing system disks"
                )
                problems.append(
                    f"the compute API does not support the microversion {required_version}, which {purpose} need"
                )
            known_flavours = {flavour.id for flavour in self._api.compute.flavors()}
            problems += [
                f"flavour {size.flavour} does not exist" for size in file.sizes if size.flavour not in known_flavours
            ]
            image_ids = sorted({*(size.image for size in file.images), *file.imported.values()})
            problems += [f"no image has the id {image}" for image in image_ids if not self._has_image(image)]
        return problems

    def _has_image(self, image: str) -> bool:
        """Return whether an image has this id. The SDK also finds images by name, which cannot be used to create a
        server."""
        image_details = self._api.compute.find_image(image)
        return image_details is not None and image_details.id == image

    def _by_token(self, token: str) -> Any:
        servers = [
            server for server in self._api.compute.servers(tags=token) if STATES.get(server.status) is not State.GONE
        ]
        return min(servers, key=lambda server: str(server.created_at), default=None)

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
    """Return the tags of a server. Nova finds servers by tag, not by metadata. A tag has at most 60 characters."""
    return [token, *([market_tag(market)] if market else [])]


def encoded(login: Login) -> str:
    return base64.b64encode(user_data(login).encode()).decode()


def to_observed_server(server: Any) -> ObservedServer:
    """Map a Nova server. While Nova works on a server, its task state is set, whatever its status."""
    if server.task_state or server.status not in STATES.keys() | BROKEN:
        return ObservedServer(server_id=server.id, state=State.CHANGING)
    addresses = [address for network in (server.addresses or {}).values() for address in network]
    floating = [address["addr"] for address in addresses if address.get("OS-EXT-IPS:type") == "floating"]
    fixed_addresses = [address["addr"] for address in addresses if address.get("version") == 4] or [
        address["addr"] for address in addresses
    ]
    return ObservedServer(
        server_id=server.id, state=STATES.get(server.status, State.RUNNING),
        healthy=server.status not in BROKEN and server.power_state in {None, POWER_STATE_RUNNING},
        address=next(iter(floating + fixed_addresses), ""),
    )  # fmt: skip


def make(setup: Setup) -> OpenStack:
    """Build the adapter. Raises ``ValueError`` if the cloud file is invalid."""
    return OpenStack(setup)
