"""Huawei Cloud ECS, by its SDK (extra ``huaweicloud``)."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from itertools import batched
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

from .api import Api, JobFailed, error

PACKAGE = "huaweicloudsdkecs"
"""Of the extra that brings the SDK; imported when the cloud is asked first."""
STATES = {"ACTIVE": State.RUNNING, "SHUTOFF": State.STOPPED, "DELETED": State.GONE, "SOFT_DELETED": State.GONE}
BROKEN = frozenset({"ERROR", "PAUSED", "SUSPENDED", "UNKNOWN"})
PAGE = 100
IDS_PER_REQUEST = 50
LONGEST_TAG = 43
JOB = "tradepost-job"
"""Tag: the cloud's job that replaces the system disk for the task in the tag ``TASK``."""
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
            with settings_are_final():
                answer = self._api.ask("create_post_paid_servers", request)
            try:
                self._api.job(answer.job_id)
            except JobFailed as failed:
                failed.refusal.final = True  # the client token gives the same job for hours
                raise failed.refusal from failed
            return Seen(server_id=next(iter(answer.server_ids or []), ""), state=State.UNFINISHED)
        if server.status == "ERROR":
            raise error("", fault_text(server), 0, final=True)  # the market then releases it by its token
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
                eip=PostPaidServerEip(iptype=network.public_address_type, bandwidth=bandwidth),
                delete_on_termination=True,
            )
        return PostPaidServer(
            name=permitted_name(wanted.name), count=1, flavor_ref=size.flavour, image_ref=file.image(wanted.image), vpcid=network.network,
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
        """The tags are written after the call. A worker that dies in between repeats it, before the buyer has the new disk."""
        wanted = self._file.now.image(image)
        server = self._existing(server_id)
        seen, tags = seen_of(server), tags_of(server)
        if seen.state is State.CHANGING:
            return again(seen)
        if tags.get(TASK) != token:
            with settings_are_final():
                job = self._change_disk(server_id, wanted, login)
            self._tag(server_id, {TASK: token, JOB: job})
            return again(seen)
        if not self._disk_changed(server_id, tags) or (server.metadata or {}).get(IMAGE_OF) != wanted:
            return again(seen)
        return self.start(server_id, token=token) if seen.state is State.STOPPED else seen

    def _disk_changed(self, server_id: str, tags: Mapping[str, str]) -> bool:
        """Whether the job is over. Raises ``CloudError`` after removing the tags of one that failed, so that a retry begins
        another."""
        if not tags.get(JOB):
            return True
        try:
            return self._api.job(tags[JOB]) == "SUCCESS"
        except JobFailed as failed:
            self._untag(server_id, {key: tags[key] for key in (TASK, JOB)})
            raise failed.refusal from failed

    def _change_disk(self, server_id: str, image: str, login: Login) -> str:
        """Return the cloud's job."""
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

        tags = [BatchAddServerTag(key=key, value=value[:LONGEST_TAG]) for key, value in values.items() if value]
        body = BatchCreateServerTagsRequestBody(action="create", tags=tags)
        self._api.ask("batch_create_server_tags", BatchCreateServerTagsRequest(server_id=server_id, body=body))

    def _untag(self, server_id: str, values: Mapping[str, str]) -> None:
        from huaweicloudsdkecs.v2 import BatchDeleteServerTagsRequest, BatchDeleteServerTagsRequestBody, ServerTag

        tags = [ServerTag(key=key, value=value) for key, value in values.items()]
        body = BatchDeleteServerTagsRequestBody(action="delete", tags=tags)
        self._api.ask("batch_delete_server_tags", BatchDeleteServerTagsRequest(server_id=server_id, body=body))

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
        """By ids, a page each: in a list of several pages a server moves to another page when one before it is deleted."""
        found = [
            server
            for ids in batched(sorted(server_ids), IDS_PER_REQUEST)
            for server in self._list(server_id=",".join(ids))
        ]
        return {server.id: seen_of(server) for server in found if server.id in server_ids}

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
        network = {"network": file.network.network, "subnet": file.network.subnet}
        problems = [f"{name}: set its id under [network]" for name, value in network.items() if not value]
        known = {one.id for one in self._api.ask("list_flavors", ListFlavorsRequest()).flavors or []}
        missing = [size.flavour for size in file.sizes if size.flavour not in known]
        return problems + [f"flavour {flavour} does not exist in {file.region}" for flavour in missing]

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
        """Servers that exist. An id that the cloud does not know gets a row with the id and a fault alone."""
        from huaweicloudsdkecs.v2 import ListServersDetailsRequest

        found: list[Any] = []
        for number in range(1, 10_000):
            answer = self._api.ask(
                "list_servers_details", ListServersDetailsRequest(limit=PAGE, offset=number, **filters)
            )
            rows = answer.servers or []
            found += [row for row in rows if row.status]
            if len(rows) < PAGE:
                break
        return found


def again(seen: Seen, *, unless: State | None = None) -> Seen:
    """The server as it is when it is so already; else the method is to be called again."""
    return seen if seen.state is unless else Seen(server_id=seen.server_id, state=State.UNFINISHED)


def permitted_name(name: str) -> str:
    """ECS permits Chinese characters, Latin letters, digits, underscores, hyphens and full stops in names."""
    return re.sub(r"[^0-9A-Za-z_.\u4e00-\u9fff-]", "-", name)


def fault_text(server: Any) -> str:
    fault = server.fault if isinstance(server.fault, dict) else {}
    return str(fault.get("message") or "the server is in the state ERROR")


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
