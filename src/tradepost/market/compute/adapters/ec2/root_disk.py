"""Replace the root volume of a server, in steps that can each be repeated: stop, create, detach, attach, start, clean up.

EC2's own ``CreateReplaceRootVolumeTask`` keeps the first user data, so the new disk would get the old password.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from tradepost.market.compute.contract import CloudError, Fault
from tradepost.market.compute.labels import OLD_DISK, TASK

from .api import Api, Instance, tags_of

type Volume = Mapping[str, Any]


class RootDisk(Struct, frozen=True, kw_only=True):
    """A replacement. ``script``: user data of the new disk. ``task``: its token."""

    api: Api
    instance: Instance
    image: Mapping[str, Any]
    script: str
    task: str

    def advance(self) -> bool:
        """Take the next step. Return whether the server runs from the new disk. Raises ``CloudError``."""
        state, attached, new = self.instance["State"]["Name"], self._attached(), self._volume(TASK)
        if new is not None and attached is not None and attached["VolumeId"] == new["VolumeId"]:
            return self._run(state, attached)
        if state == "running":
            self.api.ask("stop_instances", InstanceIds=[self._server])
        elif state == "stopped":
            self._swap(attached, new)
        return False

    @property
    def _server(self) -> str:
        return str(self.instance["InstanceId"])

    @property
    def _tag(self) -> str:
        """Of the new volume, and of the one that it replaces."""
        return f"{self._server}-{self.task}"

    @property
    def _device(self) -> str:
        return str(self.instance.get("RootDeviceName") or self.image["RootDeviceName"])

    def _attached(self) -> Volume | None:
        mappings = self.instance["BlockDeviceMappings"]
        return next((one["Ebs"] for one in mappings if one["DeviceName"] == self._device), None)

    def _volume(self, key: str) -> Volume | None:
        return min(volumes(self.api, key, self._tag), key=lambda volume: volume["State"] == "error", default=None)

    def _run(self, state: str, attached: Volume) -> bool:
        if not attached.get("DeleteOnTermination"):
            mapping = {
                "DeviceName": self._device,
                "Ebs": {"VolumeId": attached["VolumeId"], "DeleteOnTermination": True},
            }
            self.api.ask("modify_instance_attribute", InstanceId=self._server, BlockDeviceMappings=[mapping])
        if state == "stopped":
            self.api.ask("start_instances", InstanceIds=[self._server])
        if state != "running":
            return False
        delete_detached(self.api, self._server)
        return True

    def _swap(self, attached: Volume | None, new: Volume | None) -> None:
        if new is None:
            self._create(attached)
        elif new["State"] == "error":
            failed = str(new["VolumeId"])
            self._create(attached, after=failed)
            self.api.ask("delete_volume", VolumeId=failed)
            raise CloudError(f"volume {failed} could not be created")
        elif attached is not None:
            if attached.get("Status") != "detaching":
                self._detach(str(attached["VolumeId"]))
        elif new["State"] == "available":
            self._attach(str(new["VolumeId"]))

    def _create(self, attached: Volume | None, *, after: str = "") -> None:
        """As large as the old disk, at least as large as the image. ``after``: a volume in error, which the same client token would
        give again."""
        image, device = self.image, self.image["RootDeviceName"]
        root = next((one["Ebs"] for one in image["BlockDeviceMappings"] if one["DeviceName"] == device), None)
        if root is None or not root.get("SnapshotId"):
            raise CloudError(
                f"image {image['ImageId']} has no snapshot of a root disk", final=True, fault=Fault.SETTINGS
            )
        old = self._old(attached)
        key = f"{self._tag}-{old.get('VolumeId', '')}-{after}"
        options = {"VolumeType": old["VolumeType"]} if old.get("VolumeType") else {}
        self.api.ask(
            "create_volume", AvailabilityZone=self.instance["Placement"]["AvailabilityZone"],
            SnapshotId=root["SnapshotId"], Size=max(int(old.get("Size", 0)), int(root.get("VolumeSize", 1))),
            ClientToken=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags_of({TASK: self._tag})}], **options,
        )  # fmt: skip

    def _old(self, attached: Volume | None) -> Volume:
        """The disk on the server, or the one that an earlier replacement detached and did not replace."""
        if attached is not None:
            [old] = self.api.ask("describe_volumes", VolumeIds=[attached["VolumeId"]])["Volumes"]
            return dict(old)
        return max(volumes(self.api, OLD_DISK, f"{self._server}-*"), key=lambda volume: int(volume["Size"]), default={})

    def _detach(self, volume: str) -> None:
        self.api.ask("create_tags", Resources=[volume], Tags=tags_of({OLD_DISK: self._tag}))
        self.api.ask("detach_volume", VolumeId=volume, InstanceId=self._server, Device=self._device)

    def _attach(self, volume: str) -> None:
        """The user data first: a server that starts from the disk must have the new password."""
        encoded = base64.b64encode(self.script.encode()).decode()
        self.api.ask("modify_instance_attribute", InstanceId=self._server, Attribute="userData", Value=encoded)
        self.api.ask("attach_volume", VolumeId=volume, InstanceId=self._server, Device=self._device)


def volumes(api: Api, key: str, value: str) -> Sequence[Volume]:
    """Volumes with this tag. ``value`` may end in an asterisk."""
    found = api.ask("describe_volumes", Filters=[{"Name": f"tag:{key}", "Values": [value]}])["Volumes"]
    return [volume for volume in found if volume["State"] not in {"deleting", "deleted"}]


def delete_detached(api: Api, server_id: str) -> bool:
    """Delete the volumes that replacements detached or did not attach. Return whether the server has no volume left of them."""
    ours = {volume["VolumeId"]: volume for key in (TASK, OLD_DISK) for volume in volumes(api, key, f"{server_id}-*")}
    detached = [name for name, volume in ours.items() if volume["State"] in {"available", "error"}]
    for name in detached:
        api.ask("delete_volume", VolumeId=name)
    attached_elsewhere = [
        name for name, volume in ours.items()
        if volume["State"] == "in-use" and server_id not in {one["InstanceId"] for one in volume.get("Attachments", ())}
    ]  # fmt: skip
    return len(ours) == len(detached) + len(attached_elsewhere)
