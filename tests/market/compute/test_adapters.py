"""The contract of all cloud adapters (``compute/contract.py``): the sandbox's cloud, EC2 on moto, OpenStack and Huawei
Cloud.

The servers of the last two check each request against the models of the SDK.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, cast

import pytest

from tests.clouds import ec2, huaweicloud, memory, openstack
from tests.clouds.asking import LOGIN, MARKET_ID, OTHER, TOKEN, UnderTest, created, wait_until_finished
from tradepost.market.compute.contract import CloudError, Fault, NewServer, ObservedServer, State, SystemImage
from tradepost.market.compute.labels import MARKET, ORDER, SERVER, token_of_server

type Made = Callable[[Path], AbstractContextManager[UnderTest]]


REAL = ["ec2", "openstack", "huaweicloud"]


@pytest.fixture(params=[pytest.param("memory", marks=pytest.mark.django_db), *REAL])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UnderTest]:
    context: AbstractContextManager[Any]
    match request.param:
        case "ec2":
            context = ec2.ec2_cloud(request.getfixturevalue("moto_url"), tmp_path)
        case "openstack":
            context = openstack.openstack_cloud(tmp_path)
        case "huaweicloud":
            context = huaweicloud.huawei_cloud(tmp_path)
        case _:
            context = memory.memory_cloud()
    with context as under_test:
        yield cast("UnderTest", under_test)


of_real_clouds = pytest.mark.parametrize("cloud", REAL, indirect=True)
"""For tests of tags, refusals and the cloud file, which the sandbox's cloud does not have."""


def test_server_runs(cloud: UnderTest) -> None:
    server = created(cloud)
    assert (server.state, server.healthy, bool(server.address)) == (State.RUNNING, True, True)
    assert cloud.servers() == [server.server_id]


@of_real_clouds
def test_server_is_tagged_with_its_market_and_order(cloud: UnderTest) -> None:
    server = created(cloud)
    tags = {name: value for name, value in cloud.tags(server.server_id).items() if name in {MARKET, ORDER, SERVER}}
    assert tags == {MARKET: MARKET_ID, SERVER: TOKEN, ORDER: "CS1"}


def test_same_token_makes_one_server(cloud: UnderTest) -> None:
    """A dead worker's attempt is repeated and finds the first server."""
    assert created(cloud).server_id == created(cloud).server_id
    assert len(cloud.servers()) == 1


@of_real_clouds
def test_two_markets_in_one_account_see_only_their_own_servers(cloud: UnderTest) -> None:
    other_market = "fedcba9876543210fedcba9876543210"
    own_server, other_server = (
        created(cloud),
        created(cloud, token_of_server(12_345, other_market), market=other_market),
    )
    assert own_server.server_id != other_server.server_id
    assert [server.server_id for server in cloud.adapter.owned(MARKET_ID)] == [own_server.server_id]
    assert [server.order for server in cloud.adapter.owned(other_market)] == ["CS1"]


def test_stop_and_start_may_be_repeated(cloud: UnderTest) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    for _again in range(2):
        assert wait_until_finished(adapter, lambda: adapter.stop(server, token="task-1")).state is State.STOPPED
    for _again in range(2):
        assert wait_until_finished(adapter, lambda: adapter.start(server, token="task-2")).state is State.RUNNING


@pytest.mark.slow
@pytest.mark.parametrize("stopped", [False, True])
def test_new_system_disk_replaces_the_old_one(cloud: UnderTest, stopped: bool) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    before, disks, changes = cloud.image_of(server), cloud.disks(), cloud.disk_changes()
    if stopped:
        wait_until_finished(adapter, lambda: adapter.stop(server, token="task-1"))
    for _again in range(2):
        observed_server = wait_until_finished(
            adapter, lambda: adapter.replace_system(server, OTHER, LOGIN, token="task-2")
        )
        assert (observed_server.state, observed_server.server_id) == (State.RUNNING, server)
        assert cloud.image_of(server) != before
        assert (cloud.disks(), cloud.disk_changes()) == (disks, changes + 1), (
            "the same token replaces the disk only once"
        )
    assert wait_until_finished(adapter, lambda: adapter.release(server, token=TOKEN)).state is State.GONE
    assert cloud.disks() == 0


def test_release_deletes_the_server_and_its_disk(cloud: UnderTest) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    for _again in range(2):
        assert wait_until_finished(adapter, lambda: adapter.release(server, token=TOKEN)).state is State.GONE
    assert (cloud.servers(), cloud.disks(), list(adapter.owned(MARKET_ID))) == ([], 0, [])
    assert adapter.observe([server]).get(server, ObservedServer(server_id=server, state=State.GONE)).state is State.GONE


def test_release_without_an_id_deletes_the_server_of_the_token(cloud: UnderTest) -> None:
    created(cloud)
    other = created(cloud, token_of_server(2, MARKET_ID)).server_id
    assert wait_until_finished(cloud.adapter, lambda: cloud.adapter.release("", token=TOKEN)).state is State.GONE
    assert wait_until_finished(cloud.adapter, lambda: cloud.adapter.release("", token="never made")).state is State.GONE
    assert cloud.servers() == [other]


def test_orphan_is_released_by_its_id(cloud: UnderTest) -> None:
    """With two servers of one token, only the named one is deleted."""
    mine = created(cloud).server_id
    other = created(cloud, token_of_server(2, MARKET_ID)).server_id
    assert wait_until_finished(cloud.adapter, lambda: cloud.adapter.release(other, token="")).state is State.GONE
    assert cloud.servers() == [mine]


@of_real_clouds
@pytest.mark.parametrize("fault", [Fault.QUOTA, Fault.CAPACITY, Fault.CREDENTIALS])
def test_refusal_has_its_reason_and_creates_nothing(cloud: UnderTest, fault: Fault) -> None:
    cloud.refuse(fault)
    with pytest.raises(CloudError) as error:
        created(cloud)
    assert (error.value.fault, str(error.value) != "") == (fault, True)
    assert cloud.servers() == []
    cloud.refuse("")
    if not error.value.final:
        assert created(cloud).state is State.RUNNING


@pytest.mark.slow
@of_real_clouds
def test_missing_image_is_named(cloud: UnderTest) -> None:
    new_server = NewServer(name="w", size="s1", image=SystemImage(reference="asset:99", name="Engine"), login=LOGIN)
    with pytest.raises(CloudError, match="asset:99") as error:
        cloud.adapter.create(new_server, token=TOKEN)
    assert (error.value.fault, error.value.final, cloud.servers()) == (Fault.SETTINGS, True, [])


def test_missing_server_cannot_be_started(cloud: UnderTest) -> None:
    server = created(cloud).server_id
    wait_until_finished(cloud.adapter, lambda: cloud.adapter.release(server, token=TOKEN))
    with pytest.raises(CloudError) as error:
        cloud.adapter.start(server, token="task-1")
    assert error.value.final


@of_real_clouds
def test_configuration_is_checked(cloud: UnderTest) -> None:
    assert list(cloud.adapter.check()) == []


@pytest.mark.parametrize("cloud", ["openstack", "huaweicloud"], indirect=True)
def test_failed_replacement_is_completed_by_the_next_attempt(cloud: Any) -> None:
    server, adapter = created(cloud).server_id, cloud.adapter
    before = cloud.image_of(server)
    cloud.fail_replacements(2)

    def replace() -> ObservedServer:
        return adapter.replace_system(server, OTHER, LOGIN, token="task-2")

    for _attempt in range(2):
        with pytest.raises(CloudError) as error:
            wait_until_finished(adapter, replace)
        assert (error.value.final, cloud.image_of(server)) == (False, before)
    assert wait_until_finished(adapter, replace).state is State.RUNNING
    assert cloud.image_of(server) != before


def test_cloud_says_of_one_server_whether_it_is_gone(cloud: UnderTest) -> None:
    """Asked about the server alone, in a place that does not change with it."""
    server, place = created(cloud).server_id, cloud.adapter.place()
    assert place
    assert not cloud.adapter.is_gone(server)
    wait_until_finished(cloud.adapter, lambda: cloud.adapter.release(server, token=TOKEN))
    assert cloud.adapter.is_gone(server)
    assert cloud.adapter.place() == place


@of_real_clouds
def test_other_region_is_another_place(cloud: UnderTest, tmp_path: Path) -> None:
    """A wrong region looks like a cloud without the server."""
    created(cloud)
    place, path = cloud.adapter.place(), next(tmp_path.rglob("cloud.toml"))
    text = path.read_text()
    line = next(line for line in text.splitlines() if line.strip().startswith("region ="))
    path.write_text(text.replace(line, 'region = "eu-west-1"'))
    with suppress(CloudError):  # raised by a cloud that has no such region
        assert cloud.adapter.place() != place


@of_real_clouds
@pytest.mark.parametrize("status", [401, 429])
def test_refused_question_about_a_server_is_no_answer(cloud: UnderTest, status: int) -> None:
    """An expired key or a rate limit says nothing about a server."""
    server = created(cloud).server_id
    cloud.refuse_all(status)
    for ask in (lambda: cloud.adapter.is_gone(server), cloud.adapter.place, lambda: cloud.adapter.observe([server])):
        with pytest.raises(CloudError):
            ask()
