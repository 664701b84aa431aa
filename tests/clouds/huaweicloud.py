"""The part of Huawei Cloud's ECS that the adapter uses. The models of the SDK check each request and create each
response.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import huaweicloudsdkecs.v2 as ecs
from huaweicloudsdkcore.utils.http_utils import sanitize_for_serialization

from tests.clouds.json_server import Answer, JsonServer, Refusal, serving
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.compute.adapters.huaweicloud import IMAGE_OF, HuaweiCloud
from tradepost.market.compute.cloud_file import Setup

FLAVOURS, IMAGES = ["s7.large.2"], ["img-ubuntu", "img-engine"]
SCALARS = {"str": str, "int": int, "bool": bool}


def parsed(body: Any, model: type[Any]) -> Any:
    """Return the body as an object of the model. Raises ``AssertionError`` for an unknown name or type."""
    attributes = {wire: name for name, wire in model.attribute_map.items()}
    unknown = body.keys() - attributes
    assert not unknown, f"{model.__name__} has no {unknown}"
    return model(
        **{attributes[wire]: _value(value, model.openapi_types[attributes[wire]]) for wire, value in body.items()}
    )


def _value(value: Any, kind: str) -> Any:
    if inner := re.fullmatch(r"list\[(.+)\]", kind):
        assert isinstance(value, list)
        return [_value(one, inner.group(1)) for one in value]
    if kind in SCALARS:
        assert isinstance(value, SCALARS[kind]), f"{value!r} is no {kind}"
        return value
    return parsed(value, getattr(ecs, kind))


class Ecs(JsonServer):
    """Servers and jobs reach their final state one request after a change. ``disk_changes_fail``: the number of jobs
    replacing a disk that fail. ``listed``: called after each page of a list."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, ecs.ServerDetail] = {}
        self.disks: dict[str, str] = {}
        self.jobs: dict[str, str] = {}
        self.tokens: dict[str, tuple[str, str]] = {}
        self.refusal = ""
        self.disk_changes = self.disk_changes_fail = 0
        self.listed: Callable[[], None] = lambda: None
        self._changes: dict[str, tuple[str, str]] = {}
        self._token = ""
        self._numbers = itertools.count(1)

    def headers(self, headers: Mapping[str, str]) -> None:
        assert headers["Authorization"].startswith("SDK-HMAC-SHA256 Access=test, "), headers
        self._token = headers.get("X-Client-Token", "")

    def answer(self, method: str, path: str, body: Any) -> Answer:
        parts = urlsplit(path)
        match method, parts.path.strip("/").split("/"):
            case "POST", ["v1", "project", "cloudservers"]:
                return self._create(parsed(body, ecs.CreatePostPaidServersRequestBody).server)
            case "GET", ["v1", "project", "cloudservers", "detail"]:
                return self._list(parse_qs(parts.query))
            case "GET", ["v1", "project", "jobs", job]:
                return self._job(job)
            case "GET", ["v1", "project", "cloudservers", "flavors"]:
                flavours = [ecs.Flavor(id=one, name=one) for one in FLAVOURS]
                return made(ecs.ListFlavorsResponse(flavors=flavours))
            case "POST", ["v1", "project", "cloudservers", "action"]:
                return self._act(body)
            case "POST", ["v1", "project", "cloudservers", "delete"]:
                return self._delete(parsed(body, ecs.DeleteServersRequestBody))
            case "POST", ["v2", "project", "cloudservers", server, "changeos"]:
                return self._change_disk(server, parsed(body, ecs.ChangeServerOsWithCloudInitRequestBody).os_change)
            case "POST", ["v1", "project", "cloudservers", server, "tags", "action"]:
                return self._tag(server, body)
            case _:
                raise AssertionError(f"{method} {path}")

    def _create(self, wanted: ecs.PostPaidServer) -> Answer:
        assert (wanted.count, wanted.vpcid, [nic.subnet_id for nic in wanted.nics]) == (1, "vpc-1", ["subnet-1"])
        assert [group.id for group in wanted.security_groups] == ["sg-1"]
        assert wanted.flavor_ref in FLAVOURS
        assert re.fullmatch(r"[0-9A-Za-z_.\u4e00-\u9fff-]{1,64}", wanted.name), wanted.name
        assert wanted.publicip.eip.iptype == "5_sbgp"
        assert wanted.image_ref in IMAGES
        assert (wanted.root_volume.volumetype, wanted.root_volume.size) == ("SSD", 40)
        assert wanted.publicip.delete_on_termination
        assert wanted.user_data
        assert all(len(tag.key) <= 36 and len(tag.value) <= 43 for tag in wanted.server_tags)
        assert 0 < len(self._token) <= 36
        if self.refusal == "quota":
            raise refused(400, "Ecs.0319", "Insufficient instance quota.")
        if self.refusal == "credentials":
            raise refused(403, "Ecs.0003", "Insufficient permissions.")
        if self._token not in self.tokens:
            number = next(self._numbers)
            job, server = f"job-{number}", f"server-{number}"
            self.jobs[job], self.tokens[self._token] = "INIT", (job, server)
            if self.refusal == "capacity":
                self.jobs[job] = "FAIL"
            elif self.refusal == "error":
                self._begin(server, number, wanted)
                self.rows[server].status, self.rows[server].os_ext_st_stask_state = "ERROR", None
                self.rows[server].fault = {"message": "the port could not be created", "code": 500}
            else:
                self._begin(server, number, wanted)
        job, server = self.tokens[self._token]
        return made(ecs.CreatePostPaidServersResponse(job_id=job, server_ids=[server]))

    def _begin(self, server: str, number: int, wanted: ecs.PostPaidServer) -> None:
        address = ecs.ServerAddress(version="4", addr=f"100.1.0.{number}", os_ext_ip_stype="floating")
        self.rows[server] = ecs.ServerDetail(
            id=server, name=wanted.name, status="BUILD", os_ext_st_stask_state="spawning", addresses={"vpc-1": [address]},
            tags=[f"{tag.key}={tag.value}" for tag in wanted.server_tags], metadata={IMAGE_OF: wanted.image_ref},
            created=f"2026-01-01T00:00:{number:02}Z",
        )  # fmt: skip
        self.disks[server] = wanted.image_ref

    def _job(self, job: str) -> Answer:
        state = self.jobs[job]
        if state != "FAIL":
            self.jobs[job] = "SUCCESS"
            self._changed(*self._changes.pop(job, ("", "")))
        failed = {"error_code": "Ecs.0610", "fail_reason": "the flavor is sold out"} if state == "FAIL" else {}
        return made(ecs.ShowJobResponse(job_id=job, status=state, entities=ecs.JobEntities(), **failed))

    def _changed(self, server: str, image: str) -> None:
        """A job has written the new disk."""
        if server in self.rows:
            self.rows[server].metadata = {**self.rows[server].metadata, IMAGE_OF: image}
            self.disks[server] = image

    def _list(self, query: dict[str, list[str]]) -> Answer:
        """An unknown id gets a row with only the id and a fault, as the docstring of ``server_id`` in the SDK says."""
        assert query.keys() <= set(ecs.ListServersDetailsRequest.attribute_map.values())
        rows = list(self.rows.values())
        if "tags" in query:
            rows = [row for row in rows if query["tags"][0] in row.tags]
        if "server_id" in query:
            ids = query["server_id"][0].split(",")
            assert len(ids) <= 100, "the documentation asks for at most 100 ids"
            rows = [self.rows.get(one) or ecs.ServerDetail(id=one, fault={"message": "not found"}) for one in ids]
        size, number = int(query["limit"][0]), max(int(query["offset"][0]), 1)
        page = rows[(number - 1) * size : number * size]
        answer = made(ecs.ListServersDetailsResponse(count=len(rows), servers=page))
        for row in page:
            if row.status:
                self._settle(row)
        self.listed()
        return answer

    def _settle(self, row: ecs.ServerDetail) -> None:
        match row.os_ext_st_stask_state:
            case "deleting":
                del self.rows[row.id], self.disks[row.id]
            case "spawning" | "powering-on":
                row.status = "ACTIVE"
            case "powering-off":
                row.status = "SHUTOFF"
            case "rebuilding":
                row.status = "ACTIVE"
        row.os_ext_st_stask_state = None

    def _act(self, body: Any) -> Answer:
        stops = "os-stop" in body
        if stops:
            servers = parsed(body, ecs.BatchStopServersRequestBody).os_stop.servers
        else:
            servers = parsed(body, ecs.BatchStartServersRequestBody).os_start.servers
        for one in servers:
            self._row(one.id).os_ext_st_stask_state = "powering-off" if stops else "powering-on"
        return made(ecs.BatchStopServersResponse(job_id=self._new_job()))

    def _delete(self, wanted: ecs.DeleteServersRequestBody) -> Answer:
        assert wanted.delete_volume
        assert wanted.delete_publicip
        for one in wanted.servers:
            self._row(one.id).os_ext_st_stask_state = "deleting"
        return made(ecs.DeleteServersResponse(job_id=self._new_job()))

    def _change_disk(self, server: str, wanted: ecs.ChangeServerOsWithCloudInitOption) -> Answer:
        row = self._row(server)
        assert (wanted.mode, bool(wanted.adminpass), bool(wanted.metadata.user_data)) == ("withStopServer", True, True)
        assert wanted.imageid in IMAGES
        row.status, row.os_ext_st_stask_state = "REBUILD", "rebuilding"
        self.disk_changes += 1
        job = self._new_job()
        if self.disk_changes_fail:
            self.disk_changes_fail -= 1
            self.jobs[job] = "FAIL"
        else:
            self._changes[job] = server, wanted.imageid
        return made(ecs.ChangeServerOsWithCloudInitResponse(job_id=job))

    def _tag(self, server: str, body: Any) -> Answer:
        row = self._row(server)
        if body["action"] == "delete":
            gone = parsed(body, ecs.BatchDeleteServerTagsRequestBody).tags
            row.tags = [tag for tag in row.tags if tag not in {f"{one.key}={one.value}" for one in gone}]
            return Answer(204)
        wanted = parsed(body, ecs.BatchCreateServerTagsRequestBody)
        assert wanted.action == "create"
        new = {tag.key: tag.value for tag in wanted.tags}
        assert all(0 < len(value) <= 43 for value in new.values())
        kept = [tag for tag in row.tags if tag.partition("=")[0] not in new]
        row.tags = kept + [f"{key}={value}" for key, value in new.items()]
        return Answer(204)

    def _row(self, server: str) -> ecs.ServerDetail:
        if server not in self.rows:
            raise refused(404, "Ecs.0114", "The instance does not exist.")
        row = self.rows[server]
        if row.os_ext_st_stask_state and row.os_ext_st_stask_state != "rebuilding":
            raise refused(409, "Ecs.0221", f"task_state {row.os_ext_st_stask_state}")
        return row

    def _new_job(self) -> str:
        job = f"job-{next(self._numbers)}"
        self.jobs[job] = "INIT"
        return job


def made(response: Any) -> Answer:
    return Answer(200, sanitize_for_serialization(response))


def refused(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, {"error": {"code": code, "message": message}})


class UnderTest:
    def __init__(self, adapter: HuaweiCloud, server: Ecs) -> None:
        self.adapter, self.ecs = adapter, server

    def servers(self) -> list[str]:
        return [key for key, row in self.ecs.rows.items() if row.os_ext_st_stask_state != "deleting"]

    def tags(self, server_id: str) -> dict[str, str]:
        return dict(tag.partition("=")[::2] for tag in self.ecs.rows[server_id].tags)

    def image_of(self, server_id: str) -> str:
        return self.ecs.disks[server_id]

    def disks(self) -> int:
        return len(self.ecs.disks)

    def disk_changes(self) -> int:
        return self.ecs.disk_changes

    def fail_replacements(self, count: int) -> None:
        self.ecs.disk_changes_fail = count

    def refuse(self, what: str) -> None:
        self.ecs.refusal = what

    def refuse_all(self, status: int) -> None:
        self.ecs.refusing = status


@contextmanager
def huawei_cloud(folder: Path) -> Iterator[UnderTest]:
    server = Ecs()
    with serving(server):
        path = folder / "cloud.toml"
        path.write_text(
            f"""
            region = "cn-north-4"
            endpoint = "{server.url}"
            project = "project"
            title = {{ en = "Test cloud", zh = "测试云" }}
            [network]
            network = "vpc-1"
            subnet = "subnet-1"
            security_groups = ["sg-1"]
            public_address = true
            public_address_type = "5_sbgp"
            [[sizes]]
            code = "s1"
            flavour = "s7.large.2"
            disk_gb = 40
            disk_type = "SSD"
            title = {{ en = "Small", zh = "小型" }}
            [[images]]
            code = "ubuntu-24.04"
            image = "img-ubuntu"
            title = {{ en = "Ubuntu", zh = "Ubuntu" }}
            [imported]
            "asset:1" = "img-engine"
            """,
            encoding="utf-8",
        )
        setup = Setup(path=path, outbound=SANDBOX, access_key="test", secret_key="test")
        yield UnderTest(HuaweiCloud(setup), server)
