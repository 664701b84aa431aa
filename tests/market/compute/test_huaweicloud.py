"""Behaviour of Huawei Cloud only: rows for unknown IDs, servers in ERROR, and jobs that replace a disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huaweicloudsdkecs.v2 as ecs
import pytest

from tests.clouds import huaweicloud
from tests.clouds.asking import TOKEN, created, wait_until_finished
from tests.clouds.huaweicloud import UnderTest
from tradepost.market.compute.contract import CloudError, State


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[UnderTest]:
    with huaweicloud.huawei_cloud(tmp_path) as under_test:
        yield under_test


def test_unknown_server_is_gone(cloud: UnderTest) -> None:
    """The cloud still returns a row for its ID."""
    server_id = created(cloud).server_id
    assert cloud.adapter.observe(["unknown", server_id]).keys() == {server_id}
    assert cloud.adapter.release("unknown", token="never made").state is State.GONE
    with pytest.raises(CloudError, match="does not exist") as error:
        cloud.adapter.start("unknown", token="task-1")
    assert (error.value.final, cloud.servers()) == (True, [server_id])


def test_server_deleted_between_two_pages_hides_no_other(cloud: UnderTest) -> None:
    rows = {f"s-{number:03}": "ACTIVE" for number in range(230)}
    cloud.ecs.rows = {name: ecs.ServerDetail(id=name, status=status, tags=[]) for name, status in rows.items()}
    deleted = list(rows)

    def delete_one() -> None:
        cloud.ecs.rows.pop(deleted.pop(0))

    cloud.ecs.listed = delete_one
    observed = cloud.adapter.observe(list(rows))
    assert cloud.ecs.rows.keys() <= observed.keys(), "every existing server is listed"


def test_server_in_error_ends_its_creation_and_is_released_by_its_token(cloud: UnderTest) -> None:
    cloud.refuse("error")
    with pytest.raises(CloudError, match="the port could not be created") as error:
        created(cloud)
    assert (error.value.final, len(cloud.servers())) == (True, 1)
    assert wait_until_finished(cloud.adapter, lambda: cloud.adapter.release("", token=TOKEN)).state is State.GONE
    assert (cloud.servers(), cloud.disks()) == ([], 0)


def test_check_finds_a_missing_network_and_an_unknown_flavour(cloud: UnderTest, tmp_path: Path) -> None:
    path = tmp_path / "cloud.toml"
    text = path.read_text(encoding="utf-8").replace('network = "vpc-1"', "").replace('subnet = "subnet-1"', "")
    path.write_text(text.replace("s7.large.2", "s9.huge"), encoding="utf-8")
    network, subnet, flavour = cloud.adapter.check()
    assert ("network" in network, "subnet" in subnet, "s9.huge" in flavour) == (True, True, True)
