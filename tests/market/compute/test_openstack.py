"""Behaviour of OpenStack only: microversions, servers on a local disk, and images by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clouds import openstack
from tests.clouds.asking import LOGIN, OTHER, created, wait_until_finished
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


def test_server_missing_from_a_list_is_observed(cloud: UnderTest) -> None:
    first, second = created(cloud).server_id, created(cloud, TWO).server_id
    cloud.nova.unlisted = {first}
    observed = cloud.adapter.observe([first, second, "unknown"])
    assert {name: one.state for name, one in observed.items()} == dict.fromkeys((first, second), State.RUNNING)


@pytest.mark.parametrize(("size", "version"), [("local", "2.60"), ("local", "2.96"), ("s1", "2.93")])
def test_disk_is_replaced_with_the_required_microversion(cloud: UnderTest, size: str, version: str) -> None:
    cloud.nova.version = version
    server, adapter = created(cloud, size=size).server_id, cloud.adapter
    replaced = wait_until_finished(adapter, lambda: adapter.replace_system(server, OTHER, LOGIN, token="task-2"))
    assert (replaced.state, cloud.image_of(server)) == (State.RUNNING, "img-ubuntu")


def test_volume_is_not_replaced_below_2_93_and_the_check_says_so(cloud: UnderTest) -> None:
    cloud.nova.version = "2.92"
    server, adapter = created(cloud).server_id, cloud.adapter
    before = cloud.image_of(server)
    with pytest.raises(CloudError, match="volume-backed") as error:
        wait_until_finished(adapter, lambda: adapter.replace_system(server, OTHER, LOGIN, token="task-2"))
    assert (error.value.final, cloud.image_of(server)) == (True, before)
    [problem] = adapter.check()
    assert "2.93" in problem


@pytest.mark.parametrize(("version", "problems"), [("2.56", 1), ("2.57", 0), ("2.93", 0)])
def test_check_without_volumes_needs_2_57(cloud: UnderTest, tmp_path: Path, version: str, problems: int) -> None:
    cloud.nova.version = version
    edit(tmp_path, 'disk_type = "ssd"', "")
    found_problems = cloud.adapter.check()
    assert len(found_problems) == problems, found_problems


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('network = "net-1"', "", "network"),
        ('"asset:1" = "img-engine"', '"asset:1" = "name of img-engine"', "no image has the id name of img-engine"),
    ],
)
def test_check_finds_missing_resources(cloud: UnderTest, tmp_path: Path, old: str, new: str, problem: str) -> None:
    edit(tmp_path, old, new)
    [found_problem] = cloud.adapter.check()
    assert problem in found_problem


def test_port_quota_is_not_a_missing_permission(cloud: UnderTest) -> None:
    cloud.refuse("ports")
    with pytest.raises(CloudError) as error:
        created(cloud)
    assert (error.value.fault, cloud.servers()) == (Fault.QUOTA, [])


def test_transient_404_does_not_end_a_stop(cloud: UnderTest) -> None:
    """Only requests with IDs of the cloud file are given up at once."""
    server = created(cloud).server_id
    cloud.nova.act_refusal = 404
    with pytest.raises(CloudError) as error:
        cloud.adapter.stop(server, token="task-1")
    assert not error.value.final
    cloud.nova.act_refusal = 0
    assert wait_until_finished(cloud.adapter, lambda: cloud.adapter.stop(server, token="task-1")).state is State.STOPPED
