"""Huawei Cloud ECS, by its SDK (extra ``huaweicloud``)."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tradepost.market.compute.cloud_file import FileCloud, Setup
from tradepost.market.compute.contract import CloudError, Login, NewServer, Owned, Seen, State, SystemImage
from tradepost.market.compute.first_login import user_data
from tradepost.market.compute.labels import MARKET, ORDER, SERVER, TASK

from .api import Api

PACKAGE = "huaweicloudsdkecs"
"""Of the extra that brings the SDK; imported when the cloud is asked first."""
STATES = {"ACTIVE": State.RUNNING, "SHUTOFF": State.STOPPED, "DELETED": State.GONE, "SOFT_DELETED": State.GONE}
BROKEN = frozenset({"ERROR", "PAUSED", "SUSPENDED", "UNKNOWN"})
PAGE = 100
LONGEST_TAG = 43
IMAGE_OF = "metering.image_id"
"""Where a server's metadata says which image is on its system disk."""


class HuaweiCloud(FileCloud):
    """Satisfies ``Compute``, ``Inventory`` and ``Checkable``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__("huaweicloud", setup)
        self._api = Api(self._file)

    def create(self, wanted: NewServer, *, token: str) -> Seen:
        """The client token gives the same job again until the server and its tags can be found."""
        from huaweicloudsdkecs.v2 import CreatePostPaidServersRequest, CreatePostPaidServersRequestBody

        server = self._by_token(token)
        if server is None:
            body = CreatePostPaidServersRequestBody(server=self._new(wanted, token))
            request = CreatePostPaidServersRequest(x_client_token=client_token(token), body=body)
            answer = self._api.ask("create_post_paid_servers", request)
            self._api.job(answer.job_id)
            return Seen(server_id=next(iter(answer.server_ids or []), ""), state=State.UNFINISHED)
        seen = seen_of(server)
        return Seen(server_id=server.id, state=State.UNFINISHED) if seen.state is State.CHANGING else seen

    def _new(self, wanted: NewServer, token: str) -> Any:
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

        file, size = self._file.now, self._file.now.size(wanted.size)
        network, tags = file.network, {**wanted.labels, SERVER: token}
        address = None
        if network.public_address:
            bandwidth = PostPaidServerEipBandwidth(size=network.bandwidth_mbit, sharetype="PER", chargemode="traffic")
            address = PostPaidServerPublicip(
                eip=PostPaidServerEip(iptype="5_bgp", bandwidth=bandwidth), delete_on_termination=True
            )
        return PostPaidServer(
            name=wanted.name, count=1, flavor_ref=size.flavour, image_ref=file.image(wanted.image), vpcid=network.network,
            nics=[PostPaidServerNic(subnet_id=network.subnet)], publicip=address,
            root_volume=PostPaidServerRootVolume(volumetype=size.disk_type or "GPSSD", size=size.disk_gb),
            security_groups=[PostPaidServerSecurityGroup(id=group) for group in network.security_groups] or None,
            availability_zone=network.zone or None, key_name=file.key_pair or None,
            user_data=base64.b64encode(user_data(wanted.login).encode()).decode(),
            server_tags=[PostPaidServerTag(key=key, value=value[:LONGEST_TAG]) for key, value in tags.items() if value],
        )  # fmt: skip

    def start(self, server_id: str, *, token: str) -> Seen:
        from huaweicloudsdkecs.v2 import (
            BatchStartServersOption,
            BatchStartServersRequest,
            BatchStartServersRequestBody,
            ServerId,
        )

        del token  # a started server stays so
        seen = seen_of(self._existing(server_id))
        if seen.state is State.STOPPED:
            option = BatchStartServersOption(servers=[ServerId(id=server_id)])
            request = BatchStartServersRequest(body=BatchStartServersRequestBody(os_start=option))
            self._api.ask("batch_start_servers", request)
        return again(seen, unless=State.RUNNING)

    def stop(self, server_id: str, *, token: str) -> Seen:
        from huaweicloudsdkecs.v2 import (
            BatchStopServersOption,
            BatchStopServersRequest,
            BatchStopServersRequestBody,
            ServerId,
        )

        del token
        seen = seen_of(self._existing(server_id))
        if seen.state is State.RUNNING:
            option = BatchStopServersOption(servers=[ServerId(id=server_id)], type="SOFT")
            request = BatchStopServersRequest(body=BatchStopServersRequestBody(os_stop=option))
            self._api.ask("batch_stop_servers", request)
        return again(seen, unless=State.STOPPED)

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> Seen:
        """The tag is written after the call. A worker that dies in between repeats it, before the buyer has the new disk."""
        wanted = self._file.now.image(image)
        server = self._existing(server_id)
        seen = seen_of(server)
        if seen.state is State.CHANGING:
            return again(seen)
        if tags_of(server).get(TASK) != token:
            self._change_disk(server_id, wanted, login)
            self._tag(server_id, token)
            return again(seen)
        if (server.metadata or {}).get(IMAGE_OF) != wanted:
            raise CloudError(f"server {server_id} still has image {(server.metadata or {}).get(IMAGE_OF)}", final=True)
        return self.start(server_id, token=token) if seen.state is State.STOPPED else seen

    def _change_disk(self, server_id: str, image: str, login: Login) -> None:
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
        self._api.ask(
            "change_server_os_with_cloud_init", ChangeServerOsWithCloudInitRequest(server_id=server_id, body=body)
        )

    def _tag(self, server_id: str, token: str) -> None:
        from huaweicloudsdkecs.v2 import (
            BatchAddServerTag,
            BatchCreateServerTagsRequest,
            BatchCreateServerTagsRequestBody,
        )

        tags = [BatchAddServerTag(key=TASK, value=token)]
        body = BatchCreateServerTagsRequestBody(action="create", tags=tags)
        self._api.ask("batch_create_server_tags", BatchCreateServerTagsRequest(server_id=server_id, body=body))

    def release(self, server_id: str, *, token: str) -> Seen:
        from huaweicloudsdkecs.v2 import DeleteServersRequest, DeleteServersRequestBody, ServerId

        server = self._find(server_id) if server_id else None
        if server is None and token:
            server = self._by_token(token)
        if server is None or STATES.get(server.status) is State.GONE:
            return Seen(server_id=server_id, state=State.GONE)
        if server.os_ext_st_stask_state != "deleting":
            body = DeleteServersRequestBody(servers=[ServerId(id=server.id)], delete_publicip=True, delete_volume=True)
            self._api.ask("delete_servers", DeleteServersRequest(body=body))
        return Seen(server_id=server.id, state=State.CHANGING)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, Seen]:
        wanted = set(server_ids)
        found = self._list(server_id=",".join(wanted)) if len(wanted) == 1 else self._list()
        return {one.id: seen_of(one) for one in found if one.id in wanted}

    def owned(self, market: str) -> Sequence[Owned]:
        found = [(one, tags_of(one)) for one in self._list(tags=f"{MARKET}={market}")]
        return [
            Owned(server_id=one.id, token=tags.get(SERVER, ""), order=tags.get(ORDER, ""), name=one.name or "")
            for one, tags in found
            if STATES.get(one.status) is not State.GONE and tags.get(MARKET) == market
        ]

    def check(self) -> Sequence[str]:
        """ECS lists no images: those are checked when a server is created."""
        from huaweicloudsdkecs.v2 import ListFlavorsRequest

        file = self._file.now
        known = {one.id for one in self._api.ask("list_flavors", ListFlavorsRequest()).flavors or []}
        return [
            f"flavour {size.flavour} does not exist in {file.region}"
            for size in file.sizes
            if size.flavour not in known
        ]

    def _by_token(self, token: str) -> Any:
        found = [one for one in self._list(tags=f"{SERVER}={token}") if tags_of(one).get(SERVER) == token]
        existing = [one for one in found if STATES.get(one.status) is not State.GONE]
        return min(existing, key=lambda one: str(one.created), default=None)

    def _find(self, server_id: str) -> Any:
        return next((one for one in self._list(server_id=server_id) if one.id == server_id), None)

    def _existing(self, server_id: str) -> Any:
        server = self._find(server_id)
        if server is None or STATES.get(server.status) is State.GONE or server.os_ext_st_stask_state == "deleting":
            raise CloudError(f"server {server_id} does not exist any more", final=True)
        return server

    def _list(self, **filters: str) -> list[Any]:
        from huaweicloudsdkecs.v2 import ListServersDetailsRequest

        found: list[Any] = []
        for number in range(1, 10_000):
            answer = self._api.ask(
                "list_servers_details", ListServersDetailsRequest(limit=PAGE, offset=number, **filters)
            )
            rows = answer.servers or []
            found += rows
            if len(rows) < PAGE:
                break
        return found


def again(seen: Seen, *, unless: State | None = None) -> Seen:
    """The server as it is when it is so already; else the method is to be called again."""
    return seen if seen.state is unless else Seen(server_id=seen.server_id, state=State.UNFINISHED)


def client_token(token: str) -> str:
    """A client token has 36 characters at most."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tradepost:{token}"))


def tags_of(server: Any) -> dict[str, str]:
    """The list has tags as texts with an equals sign."""
    return dict(tag.partition("=")[::2] for tag in server.tags or [])


def seen_of(server: Any) -> Seen:
    """While ECS works on a server its task state is set, whatever its status."""
    if server.os_ext_st_stask_state or server.status not in STATES.keys() | BROKEN:
        return Seen(server_id=server.id, state=State.CHANGING)
    addresses = [one for network in (server.addresses or {}).values() for one in network]
    public = [one.addr for one in addresses if one.os_ext_ip_stype == "floating"]
    return Seen(
        server_id=server.id, state=STATES.get(server.status, State.RUNNING), healthy=server.status not in BROKEN,
        address=next(iter(public + [one.addr for one in addresses]), ""),
    )  # fmt: skip


def make(setup: Setup) -> HuaweiCloud:
    """Raises ``ValueError`` for a cloud file that cannot be read."""
    return HuaweiCloud(setup)
