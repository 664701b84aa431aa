"""Adapter for clouds with the Amazon EC2 API, using boto3 (extra ``ec2``)."""

from __future__ import annotations

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
from tradepost.market.compute.labels import MARKET, ORDER, SERVER

from .api import Api, Instance, tag_of, tags_of
from .root_disk import RootDisk, delete_detached

PACKAGE = "boto3"
"""The SDK package that the extra installs; imported on the first call."""
STATES = {
    "pending": State.CHANGING, "running": State.RUNNING, "stopping": State.CHANGING, "stopped": State.STOPPED,
    "shutting-down": State.CHANGING, "terminated": State.GONE,
}  # fmt: skip
EXISTING = ["pending", "running", "stopping", "stopped"]


class Ec2(FileCloud):
    """Implements ``Compute``, ``Inventory`` and ``Checkable``."""

    def __init__(self, setup: Setup) -> None:
        super().__init__("ec2", setup)
        self._api = Api(self._file)

    def create(self, new_server: NewServer, *, token: str) -> ObservedServer:
        """Find the server by its tag, or create it. The client token covers the seconds until a new tag can be
        found."""
        instance = self._by_token(token)
        if instance is None:
            with settings_are_final():
                [instance] = self._api.ask("run_instances", **self._new(new_server, token))["Instances"]
        if instance["State"]["Name"] in {"shutting-down", "terminated"}:
            reason = instance.get("StateReason", {})
            raise self._api.error(str(reason.get("Code", "")), str(reason.get("Message", "terminated")), final=True)
        observed_server = to_observed_server(instance)
        return (
            ObservedServer(server_id=observed_server.server_id, state=State.UNFINISHED)
            if observed_server.state is State.CHANGING
            else observed_server
        )

    def _new(self, new_server: NewServer, token: str) -> dict[str, Any]:
        file, size = self._file.now, self._file.now.size(new_server.size)
        image = self._api.image(file.image(new_server.image))
        disk: dict[str, Any] = {"VolumeSize": size.disk_gb, "DeleteOnTermination": True}
        disk |= {"VolumeType": size.disk_type} if size.disk_type else {}
        tags = tags_of({**new_server.labels, SERVER: token, "Name": new_server.name})
        options: dict[str, Any] = {
            "ImageId": image["ImageId"], "InstanceType": size.flavour, "MinCount": 1, "MaxCount": 1, "ClientToken": token,
            "UserData": user_data(new_server.login),
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

    def start(self, server_id: str, *, token: str) -> ObservedServer:
        del token  # starting is idempotent
        instance = self._existing(server_id)
        if instance["State"]["Name"] == "stopping":
            return ObservedServer(server_id=server_id, state=State.UNFINISHED)
        if instance["State"]["Name"] == "stopped":
            self._api.ask("start_instances", InstanceIds=[server_id])
            return ObservedServer(server_id=server_id, state=State.CHANGING)
        return to_observed_server(instance)

    def stop(self, server_id: str, *, token: str) -> ObservedServer:
        del token
        instance = self._existing(server_id)
        if instance["State"]["Name"] == "pending":
            return ObservedServer(server_id=server_id, state=State.UNFINISHED)
        if instance["State"]["Name"] == "running":
            self._api.ask("stop_instances", InstanceIds=[server_id])
            return ObservedServer(server_id=server_id, state=State.CHANGING)
        return to_observed_server(instance)

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> ObservedServer:
        instance = self._existing(server_id)
        with settings_are_final():
            image_details = self._api.image(self._file.now.image(image))
            disk = RootDisk(api=self._api, instance=instance, image=image_details, script=user_data(login), task=token)
            is_done = disk.advance()
        if is_done:
            return to_observed_server(self._existing(server_id))
        return ObservedServer(server_id=server_id, state=State.UNFINISHED)

    def release(self, server_id: str, *, token: str) -> ObservedServer:
        instance = self._find(server_id) if server_id else None
        if instance is None and token:
            instance = self._by_token(token)
        if instance is not None:
            server_id = instance["InstanceId"]
            if instance["State"]["Name"] not in {"shutting-down", "terminated"}:
                self._api.ask("terminate_instances", InstanceIds=[server_id])
            if instance["State"]["Name"] != "terminated":
                return ObservedServer(server_id=server_id, state=State.UNFINISHED)
        is_deleted = not server_id or delete_detached(self._api, server_id)
        return ObservedServer(server_id=server_id, state=State.GONE if is_deleted else State.UNFINISHED)

    def observe(self, server_ids: Collection[str]) -> Mapping[str, ObservedServer]:
        """Observe with a filter, since EC2 refuses a list of ids that contains a deleted one. Health checks take one
        more call."""
        instances = self._api.instances([{"Name": "instance-id", "Values": list(server_ids)}])
        running_ids = [instance["InstanceId"] for instance in instances if instance["State"]["Name"] == "running"]
        impaired_ids = self._api.impaired(running_ids) if running_ids else frozenset()
        return {
            instance["InstanceId"]: to_observed_server(instance, healthy=instance["InstanceId"] not in impaired_ids)
            for instance in instances
        }

    def is_gone(self, server_id: str) -> bool:
        """EC2 shows a terminated instance for about an hour, and then answers that its id does not exist."""
        try:
            page = self._api.ask("describe_instances", InstanceIds=[server_id])
        except CloudError as error:
            if str(error).startswith(("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")):
                return True
            raise
        instances = [instance for reservation in page["Reservations"] for instance in reservation["Instances"]]
        return [instance["State"]["Name"] for instance in instances] == ["terminated"]

    def place(self) -> str:
        """The account is the owner of the region's security groups; every VPC has one."""
        groups = self._api.ask("describe_security_groups", MaxResults=5)["SecurityGroups"]
        if not groups:
            raise CloudError(f"no security group in {self._file.now.region}: the account cannot be determined")
        return place_of(self._file.now, groups[0]["OwnerId"])

    def owned(self, market: str) -> Sequence[OwnedServer]:
        filters = [{"Name": f"tag:{MARKET}", "Values": [market]}, {"Name": "instance-state-name", "Values": EXISTING}]
        return [
            OwnedServer(
                server_id=instance["InstanceId"],
                token=tag_of(instance, SERVER),
                order=tag_of(instance, ORDER),
                name=tag_of(instance, "Name"),
            )
            for instance in self._api.instances(filters)
        ]

    def check(self) -> Sequence[str]:
        file, problems = self._file.now, []
        flavours = sorted({size.flavour for size in file.sizes})
        missing_types = set(flavours) - self._api.instance_types(flavours)
        problems += [f"instance type {name} does not exist in {file.region}" for name in sorted(missing_types)]
        for image in sorted({*(name.image for name in file.images), *file.imported.values()}):
            try:
                self._api.image(image)
            except CloudError as missing_image:
                problems.append(str(missing_image))
        return problems

    def _by_token(self, token: str) -> Instance | None:
        filters = [{"Name": f"tag:{SERVER}", "Values": [token]}, {"Name": "instance-state-name", "Values": EXISTING}]
        return next(iter(sorted(self._api.instances(filters), key=lambda instance: str(instance["LaunchTime"]))), None)

    def _find(self, server_id: str) -> Instance | None:
        return next(iter(self._api.instances([{"Name": "instance-id", "Values": [server_id]}])), None)

    def _existing(self, server_id: str) -> Instance:
        instance = self._find(server_id)
        if instance is None or instance["State"]["Name"] in {"shutting-down", "terminated"}:
            raise CloudError(f"server {server_id} does not exist any more", final=True)
        return instance


def to_observed_server(instance: Instance, *, healthy: bool = True) -> ObservedServer:
    address = instance.get("PublicIpAddress") or instance.get("PrivateIpAddress") or ""
    state = STATES.get(instance["State"]["Name"], State.CHANGING)
    return ObservedServer(server_id=instance["InstanceId"], state=state, healthy=healthy, address=address)


def make(setup: Setup) -> Ec2:
    """Build the adapter. Raises ``ValueError`` if the cloud file is invalid."""
    return Ec2(setup)
