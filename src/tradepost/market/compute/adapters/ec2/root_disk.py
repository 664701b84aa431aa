"""Replace the root volume of a server, in steps that can each be repeated: stop, create, detach, attach, start, clean up.

EC2's own ``CreateReplaceRootVolumeTask`` keeps the first user data, so the new disk would get the old password.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tradepost.market.compute.contract import CloudError, Fault
from tradepost.market.compute.labels import OLD_DISK, TASK

from .api import Api, Instance, tags_of

type Volume = Mapping[str, Any]


class RootDisk(Struct, frozen=True, kw_only=True):
    """A replacement. ``script``: user data of the new disk. ``token``: tags the new volume and the one that it replaces."""

    api: Api
    instance: Instance
    image: Mapping[str, Any]
    script: str
    token: str

    def advance(self) -> bool:
        """Take the next step. Return whether the server runs from the new disk. Raises ``CloudError``."""
        state, attached, new = self.instance["State"]["Name"], self._attached(), self._volume(TASK)
        if new is not None and attached is not None and attached["VolumeId"] == new["VolumeId"]:
            return self._run(state)
        if state == "running":
            self.api.ask("stop_instances", InstanceIds=[self._server])
        elif state == "stopped":
            self._swap(attached, new)
        return False

    @property
    def _server(self) -> str:
        return str(self.instance["InstanceId"])

    @property
    def _device(self) -> str:
        return str(self.instance.get("RootDeviceName") or self.image["RootDeviceName"])

    def _attached(self) -> Volume | None:
        mappings = self.instance["BlockDeviceMappings"]
        return next((one["Ebs"] for one in mappings if one["DeviceName"] == self._device), None)

    def _volume(self, key: str) -> Volume | None:
        filters = [{"Name": f"tag:{key}", "Values": [self.token]}]
        found = self.api.ask("describe_volumes", Filters=filters)["Volumes"]
        return next((one for one in found if one["State"] not in {"deleting", "deleted"}), None)

    def _run(self, state: str) -> bool:
        if state == "stopped":
            self.api.ask("start_instances", InstanceIds=[self._server])
        if state != "running":
            return False
        old = self._volume(OLD_DISK)
        if old is not None and old["State"] == "available":
            self.api.ask("delete_volume", VolumeId=old["VolumeId"])
        return True

    def _swap(self, attached: Volume | None, new: Volume | None) -> None:
        if new is None:
            self._create(attached)
        elif new["State"] == "error":
            raise CloudError(f"volume {new['VolumeId']} could not be created")
        elif attached is not None:
            if attached.get("Status") != "detaching":
                self._detach(str(attached["VolumeId"]))
        elif new["State"] == "available":
            self._attach(str(new["VolumeId"]))

    def _create(self, attached: Volume | None) -> None:
        """As large as the old disk, at least as large as the image."""
        image, device = self.image, self.image["RootDeviceName"]
        root = next((one["Ebs"] for one in image["BlockDeviceMappings"] if one["DeviceName"] == device), None)
        if root is None or not root.get("SnapshotId"):
            raise CloudError(
                f"image {image['ImageId']} has no snapshot of a root disk", final=True, fault=Fault.SETTINGS
            )
        old: Volume = {}
        if attached is not None:
            [old] = self.api.ask("describe_volumes", VolumeIds=[attached["VolumeId"]])["Volumes"]
        options = {"VolumeType": old["VolumeType"]} if old.get("VolumeType") else {}
        self.api.ask(
            "create_volume", AvailabilityZone=self.instance["Placement"]["AvailabilityZone"],
            SnapshotId=root["SnapshotId"], Size=max(int(old.get("Size", 0)), int(root.get("VolumeSize", 1))),
            ClientToken=self.token, TagSpecifications=[{"ResourceType": "volume", "Tags": tags_of({TASK: self.token})}],
            **options,
        )  # fmt: skip

    def _detach(self, volume: str) -> None:
        self.api.ask("create_tags", Resources=[volume], Tags=tags_of({OLD_DISK: self.token}))
        self.api.ask("detach_volume", VolumeId=volume, InstanceId=self._server, Device=self._device)

    def _attach(self, volume: str) -> None:
        """The user data first: a server that starts from the disk must have the new password."""
        encoded = base64.b64encode(self.script.encode()).decode()
        self.api.ask("modify_instance_attribute", InstanceId=self._server, Attribute="userData", Value=encoded)
        self.api.ask("attach_volume", VolumeId=volume, InstanceId=self._server, Device=self._device)
        mapping = {"DeviceName": self._device, "Ebs": {"VolumeId": volume, "DeleteOnTermination": True}}
        self.api.ask("modify_instance_attribute", InstanceId=self._server, BlockDeviceMappings=[mapping])
