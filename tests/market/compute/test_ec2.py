"""Behaviour of EC2 only: volumes that outlive servers, resources listed late, and instance types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clouds import ec2
from tests.clouds.asking import IMAGE, LOGIN, OTHER, TOKEN, created, wait_until_finished
from tests.clouds.ec2 import Moto
from tests.clouds.gate import Moment
from tradepost.market.compute.adapters.ec2.api import Api, fault_of
from tradepost.market.compute.contract import CloudError, Fault, ObservedServer, State


@pytest.fixture
def cloud(moto_url: str, tmp_path: Path) -> Iterator[Moto]:
    with ec2.ec2_cloud(moto_url, tmp_path) as under_test:
        yield under_test


def replacing(cloud: Moto, server: str, *, token: str = "task-2", image: Any = OTHER) -> Callable[[], ObservedServer]:
    return lambda: cloud.adapter.replace_system(server, image, LOGIN, token=token)


def released(cloud: Moto, server: str) -> bool:
    return wait_until_finished(cloud.adapter, lambda: cloud.adapter.release(server, token=TOKEN)).state is State.GONE


def die_once(cloud: Moto, action: str, when: Moment) -> None:
    """Break the connection at that moment, as when a worker dies."""
    died: list[str] = []

    def watch(asked: str, moment: str) -> bool:
        if (asked, moment) != (action, when) or died:
            return True
        died.append(asked)
        return False

    cloud.gate.watch = watch


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "moment"),
    [
        ("CreateVolume", "after"),
        ("DetachVolume", "after"),
        ("AttachVolume", "after"),
        ("ModifyInstanceAttribute", "before"),
        ("StartInstances", "after"),
        ("DeleteVolume", "before"),
    ],
)
def test_interrupted_and_repeated_replacement_leaves_no_disk(cloud: Moto, action: str, moment: Moment) -> None:
    server = created(cloud).server_id
    die_once(cloud, action, moment)
    with pytest.raises(CloudError):
        wait_until_finished(cloud.adapter, replacing(cloud, server))
    assert wait_until_finished(cloud.adapter, replacing(cloud, server)).state is State.RUNNING
    assert cloud.disks() == 1
    [row] = cloud.existing()
    assert [mapping["Ebs"]["DeleteOnTermination"] for mapping in row["BlockDeviceMappings"]] == [True]
    assert released(cloud, server)
    assert cloud.disks() == 0


@pytest.mark.slow
@pytest.mark.parametrize("action", ["CreateVolume", "DetachVolume", "AttachVolume"])
def test_given_up_replacement_and_release_leave_no_disk(cloud: Moto, action: str) -> None:
    server = created(cloud).server_id
    die_once(cloud, action, "after")
    with pytest.raises(CloudError):
        wait_until_finished(cloud.adapter, replacing(cloud, server))
    assert released(cloud, server)
    assert (cloud.disks(), cloud.servers()) == (0, [])


@pytest.mark.slow
def test_next_replacement_deletes_disks_of_a_given_up_one(cloud: Moto) -> None:
    """It also creates a disk of the purchased size although none is attached."""
    server = created(cloud).server_id
    cloud.gate.refusals = {"AttachVolume": "InternalError"}
    for _attempt in range(2):
        with pytest.raises(CloudError):
            wait_until_finished(cloud.adapter, replacing(cloud, server))
    assert cloud.disks() == 2
    cloud.gate.refusals = {}
    assert (
        wait_until_finished(cloud.adapter, replacing(cloud, server, token="task-3", image=IMAGE)).state is State.RUNNING
    )
    assert (cloud.disks(), cloud.sizes()) == (1, [40])
    assert released(cloud, server)
    assert cloud.disks() == 0


@pytest.mark.slow
def test_disks_of_other_servers_stay(cloud: Moto) -> None:
    server, other = created(cloud).server_id, created(cloud, "server-2").server_id
    cloud.gate.refusals = {"AttachVolume": "InternalError"}
    with pytest.raises(CloudError):
        wait_until_finished(cloud.adapter, replacing(cloud, other))
    cloud.gate.refusals = {}
    assert released(cloud, server)
    assert cloud.disks() == 2, "the new disk and the detached disk of the other server"


@pytest.mark.slow
def test_volume_in_error_is_deleted_and_created_again(cloud: Moto, monkeypatch: pytest.MonkeyPatch) -> None:
    server, ask = created(cloud).server_id, Api.ask
    created_volumes: list[str] = []
    tokens: list[str] = []

    def asked(api: Api, operation: str, **options: Any) -> dict[str, Any]:
        answer = ask(api, operation, **options)
        if operation == "create_volume":
            created_volumes.append(answer["VolumeId"])
            tokens.append(options["ClientToken"])
        for volume in answer.get("Volumes", []):
            volume["State"] = (
                "error" if created_volumes and volume["VolumeId"] == created_volumes[0] else volume["State"]
            )
        return answer

    monkeypatch.setattr(Api, "ask", asked)
    with pytest.raises(CloudError, match="could not be created") as error:
        wait_until_finished(cloud.adapter, replacing(cloud, server))
    assert not error.value.final
    assert wait_until_finished(cloud.adapter, replacing(cloud, server)).state is State.RUNNING
    assert (len(created_volumes), len(set(tokens)), cloud.disks()) == (2, 2, 1), (
        "the same client token would return the broken volume"
    )


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("InvalidInstanceID.NotFound", Fault.OTHER),
        ("InvalidVolume.NotFound", Fault.OTHER),
        ("InvalidAttachment.NotFound", Fault.OTHER),
        ("InvalidNetworkInterface.InUse", Fault.OTHER),
        ("InvalidStateTransition", Fault.OTHER),
        ("IncorrectInstanceState", Fault.OTHER),
        ("InvalidAMIID.NotFound", Fault.SETTINGS),
        ("InvalidSubnetID.NotFound", Fault.SETTINGS),
        ("VcpuLimitExceeded", Fault.QUOTA),
    ],
)
def test_late_listed_resources_are_not_configuration_errors(code: str, fault: Fault) -> None:
    assert fault_of(code) is fault


@pytest.mark.parametrize(("code", "final"), [("InvalidInstanceID.NotFound", False), ("InvalidSubnetID.NotFound", True)])
def test_only_wrong_settings_end_a_creation_at_once(cloud: Moto, code: str, final: bool) -> None:
    cloud.gate.refusals = {"RunInstances": code}
    with pytest.raises(CloudError) as error:
        created(cloud)
    assert (error.value.final, cloud.servers()) == (final, [])


def test_check_names_missing_instance_types_and_images(cloud: Moto, tmp_path: Path) -> None:
    path = tmp_path / "cloud.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("t3.small", "t9.huge").replace('"asset:1" = "ami-', '"asset:1" = "ami-0'), encoding="utf-8"
    )
    kind, image = cloud.adapter.check()
    assert ("t9.huge" in kind, "ami-0" in image) == (True, True)
