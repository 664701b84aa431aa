"""What every cloud adapter must hold (``compute/contract.py``): the sandbox's cloud, EC2 against moto, OpenStack and Huawei Cloud
against servers that check each request by the models of the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, cast

import pytest

from tests.clouds import ec2, huaweicloud, memory, openstack
from tests.clouds.asking import LOGIN, MARKET_ID, OTHER, TOKEN, UnderTest, created, finished
from tradepost.market.compute.contract import CloudError, Fault, NewServer, Seen, State, SystemImage
from tradepost.market.compute.labels import MARKET, ORDER, SERVER, token_of_server

type Made = Callable[[Path], AbstractContextManager[UnderTest]]


REAL = ["ec2", "openstack", "huaweicloud"]


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.django_db), *REAL])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UnderTest]:
    made: AbstractContextManager[Any]
    match request.param:
        case "ec2":
            made = ec2.ec2_cloud(request.getfixturevalue("moto_url"), tmp_path)
        case "openstack":
            made = openstack.openstack_cloud(tmp_path)
        case "huaweicloud":
            made = huaweicloud.huawei_cloud(tmp_path)
        case _:
            made = memory.memory_cloud()
    with made as under_test:
        yield cast("UnderTest", under_test)


of_real_clouds = pytest.mark.parametrize("cloud", REAL, indirect=True)
"""Tests of tags, refusals and the cloud file, which the sandbox's cloud has none of."""


def test_a_server_runs(cloud: UnderTest) -> None:
    seen = created(cloud)
    assert (seen.state, seen.healthy, bool(seen.address)) == (State.RUNNING, True, True)
    assert cloud.servers() == [seen.server_id]


@of_real_clouds
def test_a_server_carries_its_market_and_its_order(cloud: UnderTest) -> None:
    seen = created(cloud)
    kept = {name: value for name, value in cloud.tags(seen.server_id).items() if name in {MARKET, ORDER, SERVER}}
    assert kept == {MARKET: MARKET_ID, SERVER: TOKEN, ORDER: "CS1"}


def test_the_same_token_makes_one_server(cloud: UnderTest) -> None:
    """A worker that died is repeated: the first server is found."""
    assert created(cloud).server_id == created(cloud).server_id
    assert len(cloud.servers()) == 1


@of_real_clouds
def test_two_markets_in_one_account_have_their_own_servers(cloud: UnderTest) -> None:
    other = "fedcba9876543210fedcba9876543210"
    mine, theirs = created(cloud), created(cloud, token_of_server(12_345, other), market=other)
    assert mine.server_id != theirs.server_id
    assert [one.server_id for one in cloud.adapter.owned(MARKET_ID)] == [mine.server_id]
    assert [one.order for one in cloud.adapter.owned(other)] == ["CS1"]


def test_stop_and_start_may_be_repeated(cloud: UnderTest) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    for _again in range(2):
        assert finished(adapter, lambda: adapter.stop(server, token="task-1")).state is State.STOPPED
    for _again in range(2):
        assert finished(adapter, lambda: adapter.start(server, token="task-2")).state is State.RUNNING


@pytest.mark.parametrize("stopped", [False, True])
def test_another_system_disk_replaces_the_first(cloud: UnderTest, stopped: bool) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    before, disks, changes = cloud.image_of(server), cloud.disks(), cloud.disk_changes()
    if stopped:
        finished(adapter, lambda: adapter.stop(server, token="task-1"))
    for _again in range(2):
        seen = finished(adapter, lambda: adapter.replace_system(server, OTHER, LOGIN, token="task-2"))
        assert (seen.state, seen.server_id) == (State.RUNNING, server)
        assert cloud.image_of(server) != before
        assert (cloud.disks(), cloud.disk_changes()) == (disks, changes + 1), "the same token replaces the disk once"
    assert finished(adapter, lambda: adapter.release(server, token=TOKEN)).state is State.GONE
    assert cloud.disks() == 0


def test_a_release_deletes_the_server_with_its_disk(cloud: UnderTest) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    for _again in range(2):
        assert finished(adapter, lambda: adapter.release(server, token=TOKEN)).state is State.GONE
    assert (cloud.servers(), cloud.disks(), list(adapter.owned(MARKET_ID))) == ([], 0, [])
    assert adapter.observe([server]).get(server, Seen(server_id=server, state=State.GONE)).state is State.GONE


def test_a_release_without_an_id_deletes_what_the_token_made(cloud: UnderTest) -> None:
    created(cloud)
    other = created(cloud, token_of_server(2, MARKET_ID)).server_id
    assert finished(cloud.adapter, lambda: cloud.adapter.release("", token=TOKEN)).state is State.GONE
    assert finished(cloud.adapter, lambda: cloud.adapter.release("", token="never made")).state is State.GONE
    assert cloud.servers() == [other]


def test_an_orphan_is_released_by_its_id_alone(cloud: UnderTest) -> None:
    """Two servers with one token: only the one that is named is deleted."""
    mine = created(cloud).server_id
    other = created(cloud, token_of_server(2, MARKET_ID)).server_id
    assert finished(cloud.adapter, lambda: cloud.adapter.release(other, token="")).state is State.GONE
    assert cloud.servers() == [mine]


@of_real_clouds
@pytest.mark.parametrize("fault", [Fault.QUOTA, Fault.CAPACITY, Fault.CREDENTIALS])
def test_a_refusal_says_its_reason_and_makes_nothing(cloud: UnderTest, fault: Fault) -> None:
    cloud.refuse(fault)
    with pytest.raises(CloudError) as refused:
        created(cloud)
    assert (refused.value.fault, str(refused.value) != "") == (fault, True)
    assert cloud.servers() == []
    cloud.refuse("")
    if not refused.value.final:
        assert created(cloud).state is State.RUNNING


@of_real_clouds
def test_an_image_that_is_not_imported_is_named(cloud: UnderTest) -> None:
    wanted = NewServer(name="w", size="s1", image=SystemImage(reference="asset:99", name="Engine"), login=LOGIN)
    with pytest.raises(CloudError, match="asset:99") as refused:
        cloud.adapter.create(wanted, token=TOKEN)
    assert (refused.value.fault, refused.value.final, cloud.servers()) == (Fault.SETTINGS, True, [])


def test_what_is_gone_cannot_be_started(cloud: UnderTest) -> None:
    server = created(cloud).server_id
    finished(cloud.adapter, lambda: cloud.adapter.release(server, token=TOKEN))
    with pytest.raises(CloudError) as refused:
        cloud.adapter.start(server, token="task-1")
    assert refused.value.final


@of_real_clouds
def test_the_configuration_is_checked(cloud: UnderTest) -> None:
    assert list(cloud.adapter.check()) == []


@pytest.mark.parametrize("cloud", ["openstack", "huaweicloud"], indirect=True)
def test_a_replacement_that_failed_is_done_by_the_next_attempt(cloud: Any) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    before = cloud.image_of(server)
    cloud.fail_replacements(2)

    def replace() -> Seen:
        return adapter.replace_system(server, OTHER, LOGIN, token="task-2")

    for _attempt in range(2):
        with pytest.raises(CloudError) as refused:
            finished(adapter, replace)
        assert (refused.value.final, cloud.image_of(server)) == (False, before)
    assert finished(adapter, replace).state is State.RUNNING
    assert cloud.image_of(server) != before
