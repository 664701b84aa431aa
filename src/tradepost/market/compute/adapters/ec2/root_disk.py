"""Replace a server's root volume in repeatable steps: stop, create, detach, attach, start, clean up.

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
    """A disk replacement. ``script``: user data for the new disk. ``task``: its token."""

    api: Api
    instance: Instance
    image: Mapping[str, Any]
    script: str
    task: str

    def advance(self) -> bool:
        """Take the next step. Return whether the server runs from the new disk. Raises ``CloudError``."""
        state, attached_volume, new_volume = self.instance["State"]["Name"], self._attached(), self._volume(TASK)
        if (
            new_volume is not None
            and attached_volume is not None
            and attached_volume["VolumeId"] == new_volume["VolumeId"]
        ):
            return self._run(state, attached_volume)
        if state == "running":
            self.api.ask("stop_instances", InstanceIds=[self._server])
        elif state == "stopped":
            self._swap(attached_volume, new_volume)
        return False

    @property
    def _server(self) -> str:
        return str(self.instance["InstanceId"])

    @property
    def _tag(self) -> str:
        """Tag value of the new volume and of the volume that it replaces."""
        return f"{self._server}-{self.task}"

    @property
    def _device(self) -> str:
        return str(self.instance.get("RootDeviceName") or self.image["RootDeviceName"])

    def _attached(self) -> Volume | None:
        mappings = self.instance["BlockDeviceMappings"]
        return next((mapping["Ebs"] for mapping in mappings if mapping["DeviceName"] == self._device), None)

    def _volume(self, key: str) -> Volume | None:
        return min(volumes(self.api, key, self._tag), key=lambda volume: volume["State"] == "error", default=None)

    def _run(self, state: str, attached_volume: Volume) -> bool:
        if not attached_volume.get("DeleteOnTermination"):
            mapping = {
                "DeviceName": self._device,
                "Ebs": {"VolumeId": attached_volume["VolumeId"], "DeleteOnTermination": True},
            }
            self.api.ask("modify_instance_attribute", InstanceId=self._server, BlockDeviceMappings=[mapping])
        if state == "stopped":
            self.api.ask("start_instances", InstanceIds=[self._server])
        if state != "running":
            return False
        delete_detached(self.api, self._server)
        return True

    def _swap(self, attached_volume: Volume | None, new_volume: Volume | None) -> None:
        if new_volume is None:
            self._create(attached_volume)
        elif new_volume["State"] == "error":
            failed_id = str(new_volume["VolumeId"])
            self._create(attached_volume, after=failed_id)
            self.api.ask("delete_volume", VolumeId=failed_id)
            raise CloudError(f"volume {failed_id} could not be created")
        elif attached_volume is not None:
            if attached_volume.get("Status") != "detaching":
                self._detach(str(attached_volume["VolumeId"]))
        elif new_volume["State"] == "available":
            self._attach(str(new_volume["VolumeId"]))

    def _create(self, attached_volume: Volume | None, *, after: str = "") -> None:
        """Create a volume at least as large as the old disk and the image.

        ``after``: the id of a failed volume, which the same client token would return again.
        """
        image, device = self.image, self.image["RootDeviceName"]
        root = next(
            (mapping["Ebs"] for mapping in image["BlockDeviceMappings"] if mapping["DeviceName"] == device), None
        )
        if root is None or not root.get("SnapshotId"):
            raise CloudError(
                f"image {image['ImageId']} has no snapshot of a root disk", final=True, fault=Fault.SETTINGS
            )
        old_volume = self._old(attached_volume)
        key = f"{self._tag}-{old_volume.get('VolumeId', '')}-{after}"
        options = {"VolumeType": old_volume["VolumeType"]} if old_volume.get("VolumeType") else {}
        self.api.ask(
            "create_volume", AvailabilityZone=self.instance["Placement"]["AvailabilityZone"],
            SnapshotId=root["SnapshotId"], Size=max(int(old_volume.get("Size", 0)), int(root.get("VolumeSize", 1))),
            ClientToken=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags_of({TASK: self._tag})}], **options,
        )  # fmt: skip

    def _old(self, attached_volume: Volume | None) -> Volume:
        """Return the attached disk, or the disk that an unfinished replacement detached."""
        if attached_volume is not None:
            [old_volume] = self.api.ask("describe_volumes", VolumeIds=[attached_volume["VolumeId"]])["Volumes"]
            return dict(old_volume)
        return max(volumes(self.api, OLD_DISK, f"{self._server}-*"), key=lambda volume: int(volume["Size"]), default={})

    def _detach(self, volume: str) -> None:
        self.api.ask("create_tags", Resources=[volume], Tags=tags_of({OLD_DISK: self._tag}))
        self.api.ask("detach_volume", VolumeId=volume, InstanceId=self._server, Device=self._device)

    def _attach(self, volume: str) -> None:
        """Set the user data before attaching, because a server that starts from the disk must have the new password."""
        encoded_script = base64.b64encode(self.script.encode()).decode()
        self.api.ask("modify_instance_attribute", InstanceId=self._server, Attribute="userData", Value=encoded_script)
        self.api.ask("attach_volume", VolumeId=volume, InstanceId=self._server, Device=self._device)


def volumes(api: Api, key: str, value: str) -> Sequence[Volume]:
    """Return the volumes with this tag, except deleted ones. ``value`` may end in an asterisk."""
    rows = api.ask("describe_volumes", Filters=[{"Name": f"tag:{key}", "Values": [value]}])["Volumes"]
    return [volume for volume in rows if volume["State"] not in {"deleting", "deleted"}]


def delete_detached(api: Api, server_id: str) -> bool:
    """Delete detached volumes of earlier replacements. Return whether none of the server's volumes is left."""
    by_id = {volume["VolumeId"]: volume for key in (TASK, OLD_DISK) for volume in volumes(api, key, f"{server_id}-*")}
    detached_names = [name for name, volume in by_id.items() if volume["State"] in {"available", "error"}]
    for name in detached_names:
        api.ask("delete_volume", VolumeId=name)
    attached_elsewhere = [
        name for name, volume in by_id.items()
        if volume["State"] == "in-use" and server_id not in {attachment["InstanceId"] for attachment in volume.get("Attachments", ())}
    ]  # fmt: skip
    return len(by_id) == len(detached_names) + len(attached_elsewhere)
