"""moto's EC2 behind a gate, and the cloud file for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.clouds.gate import Gate, gate
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.compute.adapters.ec2 import Ec2
from tradepost.market.compute.cloud_file import Setup

REGION = "us-east-1"


@contextmanager
def moto() -> Iterator[str]:
    """Return the address of moto. It is empty at the start; ``empty`` empties it again."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def empty(url: str) -> None:
    """Delete all servers and disks, which is faster than a new moto."""
    ec2 = client(url)
    servers = [one["InstanceId"] for found in ec2.describe_instances()["Reservations"] for one in found["Instances"]]
    if servers:
        ec2.terminate_instances(InstanceIds=servers)
    for disk in ec2.describe_volumes()["Volumes"]:
        ec2.delete_volume(VolumeId=disk["VolumeId"])


@cache
def client(url: str) -> Any:
    """Return a client. It is cached, because boto3 reads megabytes of models for each."""
    import boto3

    return boto3.client(
        "ec2", endpoint_url=url, region_name=REGION, aws_access_key_id="test", aws_secret_access_key="test"
    )


@cache
def _facts(url: str) -> tuple[list[str], str, str]:
    """Return three images, a subnet and a security group. They are cached, because moto lists hundreds of images."""
    ec2 = client(url)
    images = [one["ImageId"] for one in ec2.describe_images()["Images"][:3]]
    group = ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]
    return images, ec2.describe_subnets()["Subnets"][0]["SubnetId"], group


def cloud_file(endpoint: str, url: str, path: Path, *, imported: str = "", observe_seconds: int = 60) -> Path:
    """Write a cloud file with images, a subnet and a security group that exist in moto. ``imported``: reference of a
    seller's image."""
    (first, second, third), subnet, group = _facts(url)
    path.write_text(
        f"""
        region = "{REGION}"
        endpoint = "{endpoint}"
        title = {{ en = "Test cloud", zh = "测试云" }}
        observe_seconds = {observe_seconds}

        [credentials]
        access_key = "test"
        secret_key = "test"

        [network]
        subnet = "{subnet}"
        security_groups = ["{group}"]
        public_address = true

        [[sizes]]
        code = "s1"
        flavour = "t3.small"
        disk_gb = 40
        disk_type = "gp3"
        title = {{ en = "Small", zh = "小型" }}

        [[images]]
        code = "ubuntu-24.04"
        image = "{first}"
        title = {{ en = "Ubuntu 24.04", zh = "Ubuntu 24.04" }}

        [imported]
        "asset:1" = "{second}"
        "{imported or "asset:2"}" = "{third}"
        """,
        encoding="utf-8",
    )
    return path


class Moto:
    """A cloud under test: the adapter, and the state of the cloud behind it for the test."""

    def __init__(self, adapter: Ec2, door: Gate, url: str) -> None:
        self.adapter, self.gate, self._client = adapter, door, client(url)

    def existing(self) -> list[dict[str, Any]]:
        found = self._client.describe_instances()["Reservations"]
        servers = [one for reservation in found for one in reservation["Instances"]]
        return [one for one in servers if one["State"]["Name"] not in {"terminated", "shutting-down"}]

    def servers(self) -> list[str]:
        return [one["InstanceId"] for one in self.existing()]

    def tags(self, server_id: str) -> dict[str, str]:
        [found] = [one for one in self.existing() if one["InstanceId"] == server_id]
        return {tag["Key"]: tag["Value"] for tag in found["Tags"]}

    def image_of(self, server_id: str) -> str:
        """Return the snapshot of its root disk."""
        [found] = [one for one in self.existing() if one["InstanceId"] == server_id]
        [root] = [one["Ebs"]["VolumeId"] for one in found["BlockDeviceMappings"]]
        return str(self._client.describe_volumes(VolumeIds=[root])["Volumes"][0].get("SnapshotId", ""))

    def disks(self) -> int:
        return len(self._client.describe_volumes()["Volumes"])

    def sizes(self) -> list[int]:
        return [disk["Size"] for disk in self._client.describe_volumes()["Volumes"]]

    def disk_changes(self) -> int:
        """Return how many disks were created for servers that exist."""
        return self.gate.asked.count("CreateVolume")

    def refuse(self, what: str) -> None:
        codes = {"quota": "VcpuLimitExceeded", "capacity": "InsufficientInstanceCapacity", "credentials": "AuthFailure"}
        self.gate.refusals = {"RunInstances": codes[what]} if what else {}

    def refuse_all(self, status: int) -> None:
        code = {401: "ExpiredToken", 429: "RequestLimitExceeded"}[status]
        actions = ("DescribeInstances", "DescribeSecurityGroups", "DescribeInstanceStatus")
        self.gate.refusals = dict.fromkeys(actions, code)


@contextmanager
def ec2_cloud(url: str, folder: Path) -> Iterator[Moto]:
    empty(url)
    with gate(url) as door:
        path = cloud_file(door.url, url, folder / "cloud.toml")
        yield Moto(Ec2(Setup(path=path, outbound=SANDBOX)), door, url)
