"""Clouds with the API of Amazon EC2, by boto3 (extra ``ec2``)."""

from __future__ import annotations

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
from tradepost.market.compute.labels import MARKET, ORDER, SERVER

from .api import Api, Instance, tag_of, tags_of
from .root_disk import RootDisk, delete_detached

PACKAGE = "boto3"
"""Of the extra that brings the SDK; imported when the cloud is asked first."""
STATES = {
    "pending": State.CHANGING, "running": State.RUNNING, "stopping": State.CHANGING, "stopped": State.STOPPED,
    "shutting-down": State.CHANGING, "terminated": State.GONE,
}  # fmt: skip
EXISTING = ["pending", "running", "stopping", "stopped"]


class Ec2(FileCloud):
    """Satisfies ``Compute``, ``Inventory`` and ``Checkable``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__("ec2", setup)
        self._api = Api(self._file)

    def create(self, wanted: NewServer, *, token: str) -> Seen:
        """The tag is looked up first; the client token covers the seconds before a new tag can be found."""
        instance = self._by_token(token)
        if instance is None:
            with settings_are_final():
                [instance] = self._api.ask("run_instances", **self._new(wanted, token))["Instances"]
        if instance["State"]["Name"] in {"shutting-down", "terminated"}:
            reason = instance.get("StateReason", {})
            raise self._api.error(str(reason.get("Code", "")), str(reason.get("Message", "terminated")), final=True)
        seen = seen_of(instance)
        return Seen(server_id=seen.server_id, state=State.UNFINISHED) if seen.state is State.CHANGING else seen

    def _new(self, wanted: NewServer, token: str) -> dict[str, Any]:
        file, size = self._file.now, self._file.now.size(wanted.size)
        image = self._api.image(file.image(wanted.image))
        disk: dict[str, Any] = {"VolumeSize": size.disk_gb, "DeleteOnTermination": True}
        disk |= {"VolumeType": size.disk_type} if size.disk_type else {}
        tags = tags_of({**wanted.labels, SERVER: token, "Name": wanted.name})
        options: dict[str, Any] = {
            "ImageId": image["ImageId"], "InstanceType": size.flavour, "MinCount": 1, "MaxCount": 1, "ClientToken": token,
            "UserData": user_data(wanted.login),
            "BlockDeviceMappings": [{"DeviceName": image["RootDeviceName"], "Ebs": disk}],
            "TagSpecifications": [{"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")],
        }  # fmt: skip
        groups, subnet = list(file.network.security_groups), file.network.subnet
        if subnet:
            card: dict[str, Any] = {
                "DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": file.network.public_address
            }  # fmt: skip
            options["NetworkInterfaces"] = [card | ({"Groups": groups} if groups else {})]
        elif groups:
            options["SecurityGroupIds"] = groups
        if file.key_pair:
            options["KeyName"] = file.key_pair
        if file.network.zone:
            options["Placement"] = {"AvailabilityZone": file.network.zone}
        return options

    def start(self, server_id: str, *, token: str) -> Seen:
        del token  # a started server stays so
        instance = self._existing(server_id)
        if instance["State"]["Name"] == "stopping":
            return Seen(server_id=server_id, state=State.UNFINISHED)
        if instance["State"]["Name"] == "stopped":
            self._api.ask("start_instances", InstanceIds=[server_id])
            return Seen(server_id=server_id, state=State.CHANGING)
        return seen_of(instance)

    def stop(self, server_id: str, *, token: str) -> Seen:
        del token
        instance = self._existing(server_id)
        if instance["State"]["Name"] == "pending":
            return Seen(server_id=server_id, state=State.UNFINISHED)
        if instance["State"]["Name"] == "running":
            self._api.ask("stop_instances", InstanceIds=[server_id])
            return Seen(server_id=server_id, state=State.CHANGING)
        return seen_of(instance)

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> Seen:
        instance = self._existing(server_id)
        with settings_are_final():
            wanted = self._api.image(self._file.now.image(image))
            disk = RootDisk(api=self._api, instance=instance, image=wanted, script=user_data(login), task=token)
            done = disk.advance()
        if done:
            return seen_of(self._existing(server_id))
        return Seen(server_id=server_id, state=State.UNFINISHED)

    def release(self, server_id: str, *, token: str) -> Seen:
        instance = self._find(server_id) if server_id else None
        if instance is None and token:
            instance = self._by_token(token)
        if instance is not None:
            server_id = instance["InstanceId"]
            if instance["State"]["Name"] not in {"shutting-down", "terminated"}:
                self._api.ask("terminate_instances", InstanceIds=[server_id])
            if instance["State"]["Name"] != "terminated":
                return Seen(server_id=server_id, state=State.UNFINISHED)
        deleted = not server_id or delete_detached(self._api, server_id)
        return Seen(server_id=server_id, state=State.GONE if deleted else State.UNFINISHED)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, Seen]:
        """By a filter, since EC2 refuses a list with an id that is gone. One call more for the health checks."""
        found = self._api.instances([{"Name": "instance-id", "Values": list(server_ids)}])
        running = [one["InstanceId"] for one in found if one["State"]["Name"] == "running"]
        impaired = self._api.impaired(running) if running else frozenset()
        return {one["InstanceId"]: seen_of(one, healthy=one["InstanceId"] not in impaired) for one in found}

    def owned(self, market: str) -> Sequence[Owned]:
        filters = [{"Name": f"tag:{MARKET}", "Values": [market]}, {"Name": "instance-state-name", "Values": EXISTING}]
        return [
            Owned(
                server_id=one["InstanceId"],
                token=tag_of(one, SERVER),
                order=tag_of(one, ORDER),
                name=tag_of(one, "Name"),
            )
            for one in self._api.instances(filters)
        ]

    def check(self) -> Sequence[str]:
        file, problems = self._file.now, []
        flavours = sorted({size.flavour for size in file.sizes})
        missing = set(flavours) - self._api.instance_types(flavours)
        problems += [f"instance type {one} does not exist in {file.region}" for one in sorted(missing)]
        for image in sorted({*(one.image for one in file.images), *file.imported.values()}):
            try:
                self._api.image(image)
            except CloudError as missing_image:
                problems.append(str(missing_image))
        return problems

    def _by_token(self, token: str) -> Instance | None:
        filters = [{"Name": f"tag:{SERVER}", "Values": [token]}, {"Name": "instance-state-name", "Values": EXISTING}]
        return next(iter(sorted(self._api.instances(filters), key=lambda one: str(one["LaunchTime"]))), None)

    def _find(self, server_id: str) -> Instance | None:
        return next(iter(self._api.instances([{"Name": "instance-id", "Values": [server_id]}])), None)

    def _existing(self, server_id: str) -> Instance:
        instance = self._find(server_id)
        if instance is None or instance["State"]["Name"] in {"shutting-down", "terminated"}:
            raise CloudError(f"server {server_id} does not exist any more", final=True)
        return instance


def seen_of(instance: Instance, *, healthy: bool = True) -> Seen:
    address = instance.get("PublicIpAddress") or instance.get("PrivateIpAddress") or ""
    state = STATES.get(instance["State"]["Name"], State.CHANGING)
    return Seen(server_id=instance["InstanceId"], state=state, healthy=healthy, address=address)


def make(setup: Setup) -> Ec2:
    """Raises ``ValueError`` for a cloud file that cannot be read."""
    return Ec2(setup)
