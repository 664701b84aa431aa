"""The part of Keystone and Nova that the adapter uses. The resource models of openstacksdk check each request and
create each response.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from openstack.compute.v2.server import Server as ServerModel

from tests.clouds.json_server import Answer, JsonServer, Refusal, serving
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.compute.adapters.openstack import OpenStack
from tradepost.market.compute.cloud_file import Setup

FLAVOURS, IMAGES = ["f-small"], ["img-ubuntu", "img-engine"]
REFUSALS = {
    "quota": (403, "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"),
    "ports": (403, "Maximum number of ports exceeded"),
    "credentials": (403, "Policy doesn't allow os_compute_api:servers:create to be performed."),
}
CREATED = frozenset(ServerModel._body_mapping()) | {"user_data"}
"""Names of a new server on the wire, from the model."""
REBUILT = frozenset({"imageRef", "adminPass", "metadata", "user_data", "name"})


class Nova(JsonServer):
    """Servers reach their final state one request after a change. ``rebuilds_fail``: the number of rebuilds that end in
    ERROR. ``unlisted``: ids that a list leaves out. ``act_refusal``: status of the response to actions. ``version``:
    the latest microversion."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, Any]] = {}
        self.disks: dict[str, str] = {}
        self.refusal = ""
        self.rebuilds = self.rebuilds_fail = 0
        self.act_refusal = 0
        self.unlisted: set[str] = set()
        self.version = "2.96"
        self._numbers = itertools.count(1)

    def answer(self, method: str, path: str, body: Any) -> Answer:
        parts = urlsplit(path)
        match method, parts.path.strip("/").split("/"):
            case "GET", ["identity", "v3"]:
                return Answer(
                    200, {"version": {"id": "v3.14", "status": "stable", "links": [self._link("identity/v3")]}}
                )
            case "POST", ["identity", "v3", "auth", "tokens"]:
                return self._token(body)
            case "GET", ["compute", "v2.1"]:
                return Answer(200, {"version": self._version()})
            case "POST", ["compute", "v2.1", "servers"]:
                return self._create(body["server"])
            case "GET", ["compute", "v2.1", "servers", "detail"]:
                return self._list(parse_qs(parts.query))
            case "GET", ["compute", "v2.1", "servers", server_id]:
                return Answer(200, {"server": self._shown(self._row(server_id))})
            case "DELETE", ["compute", "v2.1", "servers", server_id]:
                self._row(server_id)["OS-EXT-STS:task_state"] = "deleting"
                return Answer(204)
            case "POST", ["compute", "v2.1", "servers", server_id, "action"]:
                return self._act(self._row(server_id), body)
            case "DELETE", ["compute", "v2.1", "servers", server_id, "metadata", key]:
                del self._row(server_id)["metadata"][key]
                return Answer(204)
            case "GET", ["compute", "v2.1", "flavors", "detail"]:
                return Answer(200, {"flavors": [{"id": one, "name": one} for one in FLAVOURS]})
            case "GET", ["compute", "v2.1", "images", image] if image in IMAGES:
                return Answer(200, {"image": {"id": image, "name": f"name of {image}"}})
            case "GET", ["compute", "v2.1", "images"] | ["compute", "v2.1", "images", "detail"]:
                named = parse_qs(parts.query).get("name", [])
                return Answer(
                    200,
                    {"images": [{"id": one, "name": f"name of {one}"} for one in IMAGES if f"name of {one}" in named]},
                )
            case _:
                raise Refusal(404, {"itemNotFound": {"message": f"{method} {path}"}})

    def _link(self, path: str) -> dict[str, str]:
        return {"rel": "self", "href": f"{self.url}/{path}/"}

    def _version(self) -> dict[str, Any]:
        return {
            "id": "v2.1", "status": "CURRENT", "version": self.version, "min_version": "2.1", "links": [self._link("compute/v2.1")]
        }  # fmt: skip

    def _token(self, body: Any) -> Answer:
        identity = body["auth"]["identity"]
        assert identity["methods"] == ["application_credential"]
        assert identity["application_credential"] == {"id": "test", "secret": "test"}
        endpoint = {
            "interface": "public",
            "region": "r1",
            "region_id": "r1",
            "url": f"{self.url}/compute/v2.1",
            "id": "e",
        }
        catalog = [{"type": "compute", "name": "nova", "id": "c", "endpoints": [endpoint]}]
        token = {
            "expires_at": "2099-01-01T00:00:00.000000Z", "issued_at": "2026-01-01T00:00:00.000000Z", "catalog": catalog,
            "methods": ["application_credential"], "project": {"id": "p", "name": "p", "domain": {"id": "d", "name": "d"}},
            "user": {"id": "u", "name": "u", "domain": {"id": "d", "name": "d"}}, "roles": [],
        }  # fmt: skip
        return Answer(201, {"token": token}, {"X-Subject-Token": "token"})

    def _create(self, wanted: dict[str, Any]) -> Answer:
        unknown = wanted.keys() - CREATED
        assert not unknown, f"Nova knows no {unknown}"
        assert all(len(tag) <= 60 and not set(tag) & set("/,") for tag in wanted["tags"]), wanted["tags"]
        assert wanted["flavorRef"] in FLAVOURS
        assert wanted["networks"] == [{"uuid": "net-1"}]
        assert wanted["security_groups"] == [{"name": "web"}]
        volumes = wanted.get("block_device_mapping_v2", [])
        image = volumes[0]["uuid"] if volumes else wanted["imageRef"]
        assert image in IMAGES
        for disk in volumes:
            assert "imageRef" not in wanted
            assert (disk["volume_size"], disk["volume_type"], disk["delete_on_termination"]) == (40, "ssd", True)
        if self.refusal in REFUSALS:
            status, said = REFUSALS[self.refusal]
            raise Refusal(status, {"forbidden": {"code": status, "message": said}})
        number = next(self._numbers)
        row = {
            "id": f"server-{number}", "name": wanted["name"], "status": "BUILD", "OS-EXT-STS:task_state": "spawning",
            "metadata": wanted["metadata"], "from_volume": bool(volumes), "tags": wanted["tags"], "created": f"2026-01-01T00:00:{number:02}Z",
            "addresses": {"net": [{"addr": f"10.1.0.{number}", "version": 4, "OS-EXT-IPS:type": "fixed"}]},
        }  # fmt: skip
        self.rows[row["id"]], self.disks[row["id"]] = row, image
        return Answer(202, {"server": {"id": row["id"], "adminPass": wanted["adminPass"]}})

    def _list(self, query: dict[str, list[str]]) -> Answer:
        wanted = {tag for part in query.get("tags", []) for tag in part.split(",")}
        rows = [
            row for row in list(self.rows.values()) if wanted <= set(row["tags"]) and row["id"] not in self.unlisted
        ]
        shown = [self._shown(row) for row in rows]
        return Answer(200, {"servers": [row for row in shown if row["id"] in self.rows]})

    def _row(self, server_id: str) -> dict[str, Any]:
        if server_id not in self.rows:
            raise Refusal(404, {"itemNotFound": {"code": 404, "message": f"Instance {server_id} could not be found."}})
        return self.rows[server_id]

    def _shown(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return its current state. An action under way has ended at the next request."""
        now = {key: value for key, value in row.items() if key not in {"after", "image", "from_volume"}}
        match row["OS-EXT-STS:task_state"]:
            case "deleting":
                self.rows.pop(row["id"], None)
                self.disks.pop(row["id"], None)
            case "spawning" if self.refusal == "capacity":
                row |= {"status": "ERROR", "fault": {"message": "No valid host was found. ", "code": 500}}
            case "rebuilding" if self.rebuilds_fail:
                self.rebuilds_fail -= 1
                row |= {"status": "ERROR", "fault": {"message": "the image could not be downloaded", "code": 500}}
            case "rebuilding":
                row["status"] = row["after"] if row["after"] != "ERROR" else "ACTIVE"
                self.disks[row["id"]] = row["image"]
            case "spawning" | "powering-on":
                row["status"] = "ACTIVE"
            case "powering-off":
                row["status"] = "SHUTOFF"
        row["OS-EXT-STS:task_state"] = None
        row["OS-EXT-STS:power_state"] = 1 if row["status"] == "ACTIVE" else 4
        return ServerModel.existing(**now).to_dict(computed=False, original_names=True) | {"tags": now["tags"]}

    def _act(self, row: dict[str, Any], body: dict[str, Any]) -> Answer:
        [(action, options)] = body.items()
        if row["OS-EXT-STS:task_state"]:
            raise Refusal(
                409, {"conflictingRequest": {"code": 409, "message": f"task_state {row['OS-EXT-STS:task_state']}"}}
            )
        if self.act_refusal:
            raise Refusal(self.act_refusal, {"itemNotFound": {"code": self.act_refusal, "message": "not here now"}})
        match action:
            case "os-start":
                assert row["status"] == "SHUTOFF"
                row["OS-EXT-STS:task_state"] = "powering-on"
            case "os-stop":
                assert row["status"] == "ACTIVE"
                row["OS-EXT-STS:task_state"] = "powering-off"
            case "rebuild":
                assert options.keys() <= REBUILT, options.keys()
                assert options["imageRef"] in IMAGES
                self._check_rebuild(row, options["imageRef"])
                self.rebuilds += 1
                row |= {"after": row["status"], "status": "REBUILD", "OS-EXT-STS:task_state": "rebuilding"}
                row |= {"metadata": options["metadata"], "image": options["imageRef"]}
                return Answer(202, {"server": {"id": row["id"]}})
            case _:
                raise AssertionError(f"an action that Nova does not know: {action}")
        return Answer(202)

    def _check_rebuild(self, row: dict[str, Any], image: str) -> None:
        """Nova's rule and text before the microversion 2.93."""
        old = int(self.version.partition(".")[2]) < 93
        if old and row["from_volume"] and image != self.disks[row["id"]]:
            message = "Unable to rebuild with a different image for a volume-backed server."
            raise Refusal(400, {"badRequest": {"code": 400, "message": message}})


class UnderTest:
    def __init__(self, adapter: OpenStack, nova: Nova) -> None:
        self.adapter, self.nova = adapter, nova

    def servers(self) -> list[str]:
        return [key for key, row in self.nova.rows.items() if row["OS-EXT-STS:task_state"] != "deleting"]

    def tags(self, server_id: str) -> dict[str, str]:
        found: dict[str, str] = self.nova.rows[server_id]["metadata"]
        return found

    def image_of(self, server_id: str) -> str:
        return self.nova.disks[server_id]

    def disks(self) -> int:
        return len(self.nova.disks)

    def disk_changes(self) -> int:
        return self.nova.rebuilds

    def fail_replacements(self, count: int) -> None:
        self.nova.rebuilds_fail = count

    def refuse(self, what: str) -> None:
        self.nova.refusal = what

    def refuse_all(self, status: int) -> None:
        self.nova.refusing = status


@contextmanager
def openstack_cloud(folder: Path) -> Iterator[UnderTest]:
    nova = Nova()
    with serving(nova):
        path = folder / "cloud.toml"
        path.write_text(
            f"""
            region = "r1"
            endpoint = "{nova.url}/identity/v3"
            title = {{ en = "Test cloud", zh = "测试云" }}
            [network]
            network = "net-1"
            security_groups = ["web"]
            [[sizes]]
            code = "s1"
            flavour = "f-small"
            disk_gb = 40
            disk_type = "ssd"
            title = {{ en = "Small", zh = "小型" }}
            [[sizes]]
            code = "local"
            flavour = "f-small"
            disk_gb = 40
            title = {{ en = "Local disk", zh = "本地盘" }}
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
        yield UnderTest(OpenStack(setup), nova)
