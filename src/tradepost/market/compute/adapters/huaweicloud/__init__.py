"""Adapter for Huawei Cloud ECS, using its SDK (extra ``huaweicloud``)."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from itertools import batched
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

from .api import Api, JobFailed, error

PACKAGE = "huaweicloudsdkecs"
"""The SDK package that the extra installs; imported on the first call."""
STATES = {"ACTIVE": State.RUNNING, "SHUTOFF": State.STOPPED, "DELETED": State.GONE, "SOFT_DELETED": State.GONE}
BROKEN = frozenset({"ERROR", "PAUSED", "SUSPENDED", "UNKNOWN"})
PAGE = 100
IDS_PER_REQUEST = 50
MAX_TAG_LENGTH = 43
JOB = "tradepost-job"
"""Tag with the id of the cloud's job that replaces the system disk. The tag ``TASK`` names the market's task."""
IMAGE_OF = "metering.image_id"
"""Metadata key with the id of the image on the system disk."""


class HuaweiCloud(FileCloud):
    """Implements ``Compute``, ``Inventory`` and ``Checkable``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__("huaweicloud", setup)
        self._api = Api(self._file)

    def create(self, new_server: NewServer, *, token: str) -> ObservedServer:
        """Find the server by its tag, or create it.

        The client token returns the same job until the server and its tags can be found.
        """
        from huaweicloudsdkecs.v2 import CreatePostPaidServersRequest, CreatePostPaidServersRequestBody

        server = self._by_token(token)
        if server is None:
            body = CreatePostPaidServersRequestBody(server=self._new(new_server, token))
            request = CreatePostPaidServersRequest(x_client_token=client_token(token), body=body)
            with settings_are_final():
                response = self._api.ask("create_post_paid_servers", request)
            try:
                self._api.job(response.job_id)
            except JobFailed as failure:
                failure.refusal.final = True  # the client token returns the same job for hours
                raise failure.refusal from failure
            return ObservedServer(server_id=next(iter(response.server_ids or []), ""), state=State.UNFINISHED)
        if server.status == "ERROR":
            raise error("", fault_text(server), 0, final=True)  # the market then releases the server by its token
        observed_server = to_observed_server(server)
        return (
            ObservedServer(server_id=server.id, state=State.UNFINISHED)
            if observed_server.state is State.CHANGING
            else observed_server
        )

    def _new(self, new_server: NewServer, token: str) -> Any:
        from huaweicloudsdkecs.v2 import (
            PostPaidServer,
            PostPaidServerEip,
            PostPaidServerEipBandwidth,
            PostPaidServerNic,
            PostPaidServerPublicip,
            PostPaidServerRootVolume,
            PostPaidServerSecurityGroup,
            PostPaidServerTag,
        )

        file, size = self._file.now, self._file.now.size(new_server.size)
        network, tags = file.network, {**new_server.labels, SERVER: token}
        address = None
        if network.public_address:
            bandwidth = PostPaidServerEipBandwidth(size=network.bandwidth_mbit, sharetype="PER", chargemode="traffic")
            address = PostPaidServerPublicip(
                eip=PostPaidServerEip(iptype=network.public_address_type, bandwidth=bandwidth),
                delete_on_termination=True,
            )
        return PostPaidServer(
            name=permitted_name(new_server.name), count=1, flavor_ref=size.flavour, image_ref=file.image(new_server.image), vpcid=network.network,
            nics=[PostPaidServerNic(subnet_id=network.subnet)], publicip=address,
            root_volume=PostPaidServerRootVolume(volumetype=size.disk_type or "GPSSD", size=size.disk_gb),
            security_groups=[PostPaidServerSecurityGroup(id=group) for group in network.security_groups] or None,
            availability_zone=network.zone or None, key_name=file.key_pair or None,
            user_data=base64.b64encode(user_data(new_server.login).encode()).decode(),
            server_tags=[PostPaidServerTag(key=key, value=value[:MAX_TAG_LENGTH]) for key, value in tags.items() if value],
        )  # fmt: skip

    def start(self, server_id: str, *, token: str) -> ObservedServer:
        from huaweicloudsdkecs.v2 import (
            BatchStartServersOption,
            BatchStartServersRequest,
            BatchStartServersRequestBody,
            ServerId,
        )

        del token  # starting is idempotent
        observed_server = to_observed_server(self._existing(server_id))
        if observed_server.state is State.STOPPED:
            option = BatchStartServersOption(servers=[ServerId(id=server_id)])
            request = BatchStartServersRequest(body=BatchStartServersRequestBody(os_start=option))
            self._api.ask("batch_start_servers", request)
        return unfinished_unless(observed_server, unless=State.RUNNING)

    def stop(self, server_id: str, *, token: str) -> ObservedServer:
        from huaweicloudsdkecs.v2 import (
            BatchStopServersOption,
            BatchStopServersRequest,
            BatchStopServersRequestBody,
            ServerId,
        )

        del token
        observed_server = to_observed_server(self._existing(server_id))
        if observed_server.state is State.RUNNING:
            option = BatchStopServersOption(servers=[ServerId(id=server_id)], type="SOFT")
            request = BatchStopServersRequest(body=BatchStopServersRequestBody(os_stop=option))
            self._api.ask("batch_stop_servers", request)
        return unfinished_unless(observed_server, unless=State.STOPPED)

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> ObservedServer:
        """Replace the system disk, then write the tags.

        If a worker dies in between, the call is repeated before the buyer gets access to the new disk.
        """
        image_id = self._file.now.image(image)
        server = self._existing(server_id)
        observed_server, tags = to_observed_server(server), tags_of(server)
        if observed_server.state is State.CHANGING:
            return unfinished_unless(observed_server)
        if tags.get(TASK) != token:
            with settings_are_final():
                job = self._change_disk(server_id, image_id, login)
            self._tag(server_id, {TASK: token, JOB: job})
            return unfinished_unless(observed_server)
        if not self._disk_changed(server_id, tags) or (server.metadata or {}).get(IMAGE_OF) != image_id:
            return unfinished_unless(observed_server)
        return self.start(server_id, token=token) if observed_server.state is State.STOPPED else observed_server

    def _disk_changed(self, server_id: str, tags: Mapping[str, str]) -> bool:
        """Return whether the job has finished. If it failed, remove its tags, so that a retry starts another job, and
        raise ``CloudError``."""
        if not tags.get(JOB):
            return True
        try:
            return self._api.job(tags[JOB]) == "SUCCESS"
        except JobFailed as failure:
            self._untag(server_id, {key: tags[key] for key in (TASK, JOB)})
            raise failure.refusal from failure

    def _change_disk(self, server_id: str, image: str, login: Login) -> str:
        """Start the replacement and return the id of the cloud's job."""
        from huaweicloudsdkecs.v2 import (
            ChangeServerOsWithCloudInitOption,
            ChangeServerOsWithCloudInitRequest,
            ChangeServerOsWithCloudInitRequestBody,
            ChangeSeversOsMetadata,
        )

        script = base64.b64encode(user_data(login).encode()).decode()
        option = ChangeServerOsWithCloudInitOption(
            adminpass=login.password, imageid=image, mode="withStopServer", metadata=ChangeSeversOsMetadata(user_data=script)
        )  # fmt: skip
        body = ChangeServerOsWithCloudInitRequestBody(os_change=option)
        request = ChangeServerOsWithCloudInitRequest(server_id=server_id, body=body)
        return str(self._api.ask("change_server_os_with_cloud_init", request).job_id or "")

    def _tag(self, server_id: str, values: Mapping[str, str]) -> None:
        from huaweicloudsdkecs.v2 import (
            BatchAddServerTag,
            BatchCreateServerTagsRequest,
            BatchCreateServerTagsRequestBody,
        )

        tags = [BatchAddServerTag(key=key, value=value[:MAX_TAG_LENGTH]) for key, value in values.items() if value]
        body = BatchCreateServerTagsRequestBody(action="create", tags=tags)
        self._api.ask("batch_create_server_tags", BatchCreateServerTagsRequest(server_id=server_id, body=body))

    def _untag(self, server_id: str, values: Mapping[str, str]) -> None:
        from huaweicloudsdkecs.v2 import BatchDeleteServerTagsRequest, BatchDeleteServerTagsRequestBody, ServerTag

        tags = [ServerTag(key=key, value=value) for key, value in values.items()]
        body = BatchDeleteServerTagsRequestBody(action="delete", tags=tags)
        self._api.ask("batch_delete_server_tags", BatchDeleteServerTagsRequest(server_id=server_id, body=body))

    def release(self, server_id: str, *, token: str) -> ObservedServer:
        from huaweicloudsdkecs.v2 import DeleteServersRequest, DeleteServersRequestBody, ServerId

        server = self._find(server_id) if server_id else None
        if server is None and token:
            server = self._by_token(token)
        if server is None or STATES.get(server.status) is State.GONE:
            return ObservedServer(server_id=server_id, state=State.GONE)
        if server.os_ext_st_stask_state != "deleting":
            body = DeleteServersRequestBody(servers=[ServerId(id=server.id)], delete_publicip=True, delete_volume=True)
            self._api.ask("delete_servers", DeleteServersRequest(body=body))
        return ObservedServer(server_id=server.id, state=State.CHANGING)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, ObservedServer]:
        """Observe one page of ids at a time. In a longer list, servers move between pages when others are deleted."""
        servers = [
            server
            for ids in batched(sorted(server_ids), IDS_PER_REQUEST)
            for server in self._list(server_id=",".join(ids))
        ]
        return {server.id: to_observed_server(server) for server in servers if server.id in server_ids}

    def is_gone(self, server_id: str) -> bool:
        """ECS answers with a row without a state for an id that it does not know. No row at all proves nothing."""
        rows = [row for row in self._rows(server_id=server_id) if row.id == server_id]
        return bool(rows) and all(not row.status or STATES.get(row.status) is State.GONE for row in rows)

    def place(self) -> str:
        """A project belongs to one region and one account; the list of flavours proves that the keys reach it."""
        from huaweicloudsdkecs.v2 import ListFlavorsRequest

        self._api.ask("list_flavors", ListFlavorsRequest())
        return place_of(self._file.now, self._file.now.project)

    def owned(self, market: str) -> Sequence[OwnedServer]:
        servers = [(server, tags_of(server)) for server in self._list(tags=f"{MARKET}={market}")]
        return [
            OwnedServer(
                server_id=server.id, token=tags.get(SERVER, ""), order=tags.get(ORDER, ""), name=server.name or ""
            )
            for server, tags in servers
            if STATES.get(server.status) is not State.GONE and tags.get(MARKET) == market
        ]

    def check(self) -> Sequence[str]:
        """Check the flavours and the network. ECS does not list images; they are checked when a server is created."""
        from huaweicloudsdkecs.v2 import ListFlavorsRequest

        file = self._file.now
        network = {"network": file.network.network, "subnet": file.network.subnet}
        problems = [f"{name}: set its id under [network]" for name, value in network.items() if not value]
        known_flavours = {flavour.id for flavour in self._api.ask("list_flavors", ListFlavorsRequest()).flavors or []}
        missing_flavours = [size.flavour for size in file.sizes if size.flavour not in known_flavours]
        return problems + [f"flavour {flavour} does not exist in {file.region}" for flavour in missing_flavours]

    def _by_token(self, token: str) -> Any:
        servers = [server for server in self._list(tags=f"{SERVER}={token}") if tags_of(server).get(SERVER) == token]
        existing = [server for server in servers if STATES.get(server.status) is not State.GONE]
        return min(existing, key=lambda server: str(server.created), default=None)

    def _find(self, server_id: str) -> Any:
        return next((server for server in self._list(server_id=server_id) if server.id == server_id), None)

    def _existing(self, server_id: str) -> Any:
        server = self._find(server_id)
        if server is None or STATES.get(server.status) is State.GONE or server.os_ext_st_stask_state == "deleting":
            raise CloudError(f"server {server_id} does not exist any more", final=True)
        return server

    def _list(self, **filters: str) -> list[Any]:
        """Return the servers that match."""
        return [row for row in self._rows(**filters) if row.status]

    def _rows(self, **filters: str) -> list[Any]:
        """Return the rows of the list. For unknown ids they have only an id and a fault."""
        from huaweicloudsdkecs.v2 import ListServersDetailsRequest

        servers: list[Any] = []
        for number in range(1, 10_000):
            response = self._api.ask(
                "list_servers_details", ListServersDetailsRequest(limit=PAGE, offset=number, **filters)
            )
            rows = response.servers or []
            servers += rows
            if len(rows) < PAGE:
                break
        return servers


def unfinished_unless(observed_server: ObservedServer, *, unless: State | None = None) -> ObservedServer:
    """Return the server if it has the state ``unless``, otherwise as unfinished, so that the method is called again."""
    return (
        observed_server
        if observed_server.state is unless
        else ObservedServer(server_id=observed_server.server_id, state=State.UNFINISHED)
    )


def permitted_name(name: str) -> str:
    """Replace characters that ECS does not permit: all but Chinese characters, Latin letters, digits, ``_``, ``-`` and
    ``.``."""
    return re.sub(r"[^0-9A-Za-z_.\u4e00-\u9fff-]", "-", name)


def fault_text(server: Any) -> str:
    fault = server.fault if isinstance(server.fault, dict) else {}
    return str(fault.get("message") or "the server is in the state ERROR")


def client_token(token: str) -> str:
    """Return a client token of at most 36 characters."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tradepost:{token}"))


def tags_of(server: Any) -> dict[str, str]:
    """Parse the tags, which the list returns as ``key=value``."""
    return dict(tag.partition("=")[::2] for tag in server.tags or [])


def to_observed_server(server: Any) -> ObservedServer:
    """Map an ECS server. While ECS works on a server, its task state is set, whatever its status."""
    if server.os_ext_st_stask_state or server.status not in STATES.keys() | BROKEN:
        return ObservedServer(server_id=server.id, state=State.CHANGING)
    addresses = [address for network in (server.addresses or {}).values() for address in network]
    public = [address.addr for address in addresses if address.os_ext_ip_stype == "floating"]
    return ObservedServer(
        server_id=server.id, state=STATES.get(server.status, State.RUNNING), healthy=server.status not in BROKEN,
        address=next(iter(public + [address.addr for address in addresses]), ""),
    )  # fmt: skip


def make(setup: Setup) -> HuaweiCloud:
    """Build the adapter. Raises ``ValueError`` if the cloud file is invalid."""
    return HuaweiCloud(setup)
