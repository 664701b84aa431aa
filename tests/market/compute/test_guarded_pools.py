"""Cloud SDKs connect only where the outbound policy permits (opening §1: TRADEPOST_NETWORKS)."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clouds.json_server import Answer, JsonServer, serving
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.compute.adapters import ec2, huaweicloud, openstack
from tradepost.market.compute.cloud_file import Setup
from tradepost.market.compute.contract import CloudError, Fault

MAKERS: list[Callable[[Setup], Any]] = [ec2.make, openstack.make, huaweicloud.make]


class RecordingServer(JsonServer):
    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def read(self, content: bytes) -> Any:
        """Accept any body: EC2 does not send JSON."""

    def answer(self, method: str, path: str, body: Any) -> Answer:
        self.asked += 1
        return Answer(500, {})


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    recording_server = RecordingServer()
    with serving(recording_server):
        yield recording_server


def write_cloud_file(folder: Path, endpoint: str) -> Path:
    path = folder / "cloud.toml"
    path.write_text(
        f'region = "r1"\nendpoint = "{endpoint}"\nproject = "p"\ntitle = {{ en = "a", zh = "b" }}\n'
        '[[sizes]]\ncode = "s"\nflavour = "f"\ndisk_gb = 1\ntitle = { en = "a", zh = "b" }\n',
        encoding="utf-8",
    )
    return path


def error_of_check(make: Callable[[Setup], Any], path: Path, outbound: OutboundPolicy) -> CloudError:
    with pytest.raises(CloudError) as error:
        make(Setup(path=path, outbound=outbound, access_key="a", secret_key="b")).observe(["i-1"])
    return error.value


@pytest.mark.slow
@pytest.mark.parametrize("make", MAKERS)
def test_refused_address_is_never_connected(
    make: Callable[[Setup], Any], server: RecordingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Loopback, by number and by name: no request arrives. The proxy of the environment does not help."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    for endpoint in (server.url, server.url.replace("127.0.0.1", "localhost"), "http://169.254.169.254"):
        refused = error_of_check(make, write_cloud_file(tmp_path, endpoint), PUBLIC)
        assert (refused.fault, "outbound policy" in str(refused)) == (Fault.UNREACHABLE, True), str(refused)
    assert server.asked == 0


@pytest.mark.parametrize("make", MAKERS)
def test_name_with_a_refused_address_is_refused(
    make: Callable[[Setup], Any], server: RecordingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The allowed address would answer, but being first does not help."""
    resolve = socket.getaddrinfo

    def both(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        allowed = resolve("127.0.0.1", port, *args, **kwargs)
        return [*allowed, (*allowed[0][:4], ("169.254.169.254", port))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    refused = error_of_check(
        make, write_cloud_file(tmp_path, server.url.replace("127.0.0.1", "cloud.example")), SANDBOX
    )
    assert (refused.fault, "outbound policy" in str(refused)) == (Fault.UNREACHABLE, True), str(refused)
    assert server.asked == 0


@pytest.mark.parametrize("make", MAKERS)
def test_permitted_address_is_called(make: Callable[[Setup], Any], server: RecordingServer, tmp_path: Path) -> None:
    """An answer that no cloud gives is an error of the cloud, not of the market."""
    error_of_check(make, write_cloud_file(tmp_path, server.url), SANDBOX)
    assert server.asked > 0
