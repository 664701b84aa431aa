"""What only OpenStack answers: microversions, servers that run from a local disk, and images by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clouds import openstack
from tests.clouds.asking import LOGIN, OTHER, created, finished
from tests.clouds.openstack import UnderTest
from tradepost.market.compute.contract import CloudError, Fault, State
from tradepost.market.compute.labels import token_of_server

TWO = token_of_server(2, "m")


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[UnderTest]:
    with openstack.openstack_cloud(tmp_path) as under_test:
        yield under_test


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "cloud.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_server_that_a_list_leaves_out_is_seen(cloud: UnderTest) -> None:
    first, second = created(cloud).server_id, created(cloud, TWO).server_id
    cloud.nova.unlisted = {first}
    seen = cloud.adapter.observe([first, second, "unknown"])
    assert {name: one.state for name, one in seen.items()} == dict.fromkeys((first, second), State.RUNNING)


@pytest.mark.parametrize(("size", "version"), [("local", "2.60"), ("local", "2.96"), ("s1", "2.93")])
def test_a_disk_is_replaced_with_the_microversion_that_it_needs(cloud: UnderTest, size: str, version: str) -> None:
    cloud.nova.version = version
    server, adapter = created(cloud, size=size).server_id, cloud.adapter
    seen = finished(adapter, lambda: adapter.replace_system(server, OTHER, LOGIN, token="task-2"))
    assert (seen.state, cloud.image_of(server)) == (State.RUNNING, "img-ubuntu")


def test_a_volume_is_not_replaced_below_2_93_and_the_check_says_so(cloud: UnderTest) -> None:
    cloud.nova.version = "2.92"
    server, adapter = created(cloud).server_id, cloud.adapter
    before = cloud.image_of(server)
    with pytest.raises(CloudError, match="volume-backed") as refused:
        finished(adapter, lambda: adapter.replace_system(server, OTHER, LOGIN, token="task-2"))
    assert (refused.value.final, cloud.image_of(server)) == (True, before)
    [problem] = adapter.check()
    assert "2.93" in problem


@pytest.mark.parametrize(("version", "problems"), [("2.56", 1), ("2.57", 0), ("2.93", 0)])
def test_without_volumes_the_check_needs_2_57(cloud: UnderTest, tmp_path: Path, version: str, problems: int) -> None:
    cloud.nova.version = version
    edit(tmp_path, 'disk_type = "ssd"', "")
    found = cloud.adapter.check()
    assert len(found) == problems, found


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('network = "net-1"', "", "network"),
        ('"asset:1" = "img-engine"', '"asset:1" = "name of img-engine"', "no image has the id name of img-engine"),
    ],
)
def test_the_check_finds_what_no_server_could_be_created_with(
    cloud: UnderTest, tmp_path: Path, old: str, new: str, problem: str
) -> None:
    edit(tmp_path, old, new)
    [found] = cloud.adapter.check()
    assert problem in found


def test_a_quota_of_ports_is_no_missing_permission(cloud: UnderTest) -> None:
    cloud.refuse("ports")
    with pytest.raises(CloudError) as refused:
        created(cloud)
    assert (refused.value.fault, cloud.servers()) == (Fault.QUOTA, [])


def test_a_transient_404_ends_no_stop(cloud: UnderTest) -> None:
    """Only requests that send ids of the cloud file are given up at once."""
    server = created(cloud).server_id
    cloud.nova.act_refusal = 404
    with pytest.raises(CloudError) as refused:
        cloud.adapter.stop(server, token="task-1")
    assert not refused.value.final
    cloud.nova.act_refusal = 0
    assert finished(cloud.adapter, lambda: cloud.adapter.stop(server, token="task-1")).state is State.STOPPED
