"""Uploads of large licenses with third-party clients: Huawei Cloud's SDK, unmodified, and tuspy (issue 14).

``BYTES`` is small in a normal run; ``test_largest_file_is_delivered`` sends the market's maximum in a soak.
"""

from __future__ import annotations

import hashlib
import json
import random
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest
from huaweicloudsdkcore.auth.credentials import GlobalCredentials
from huaweicloudsdkcore.client import Client
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.http.formdata import FormFile
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.sdk_response import SdkResponse
from tusclient.client import TusClient
from tusclient.exceptions import TusUploadFailed
from tusclient.uploader.uploader import Uploader

from tests import waiting
from tests.interop.conftest import Market
from tests.waiting import until
from tradepost.kit.client import MarketClient, MarketError, utc_now
from tradepost.kit.uploading import upload_path, upload_resumable
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import sign
from tradepost.protocols.open_api.upload import upload_path as path_of_event

BYTES = 30_000_001
SEED = 14


class UploadResponse(SdkResponse):  # type: ignore[misc]  # the SDK is published without types
    openapi_types = {"error_code": "str", "error_msg": "str"}
    attribute_map = {"error_code": "error_code", "error_msg": "error_msg"}

    def __init__(self, error_code: str = "", error_msg: str = "") -> None:
        super().__init__()
        self.error_code, self.error_msg = error_code, error_msg


def a_file(folder: Path, size: int = BYTES) -> tuple[Path, str]:
    """Return a file of incompressible bytes, and its hash."""
    path, chance, digest = folder / "license.bin", random.Random(SEED), hashlib.sha256()
    with path.open("wb") as file:
        for at in range(0, size, 1_000_000):
            piece = chance.randbytes(min(1_000_000, size - at))
            digest.update(piece)
            file.write(piece)
    return path, digest.hexdigest()


def by_sdk(market: Market, event: str, path: Path, sha256: str) -> tuple[int, str]:
    """Return the SDK's answer: its signer states UNSIGNED-PAYLOAD for a form (openapi-jointkit §C.1)."""
    client = (
        Client()
        .with_config(HttpConfig(timeout=(10, 600)))
        .with_credentials(GlobalCredentials(market.access_key, market.secret_key, "a-domain-id"))
        .with_endpoints([market.url])
    )
    client.model_package = SimpleNamespace(UploadResponse=UploadResponse)
    client.init_http_client()
    told = json.dumps({"type": "FILE", "file_name": "license.bin", "sha256": sha256})
    with path.open("rb") as file:
        form = {"isvUpdateFileReq": told, "file": FormFile(file, content_type="application/octet-stream")}
        answer = client.do_http_request(
            "POST", path_of_event(event), header_params={"Content-Type": "multipart/form-data"}, body=form,
            response_type="UploadResponse",
        )  # fmt: skip
    return answer.status_code, answer.error_code


def start_upload(market: Market, event: str, path: Path, sha256: str) -> Uploader:
    """Return tuspy, whose first request is signed like every call."""
    client = TusClient(f"{market.url}{path_of_event(event)}/resumable")
    signed = sign(Request("POST", client.url), ak=market.access_key, sk=market.secret_key, now=utc_now())
    client.set_headers({name: value for name, value in signed.headers if name != "Host"})
    return client.uploader(
        str(path), chunk_size=4_000_000, metadata={"filename": path.name, "sha256": sha256}, retries=0
    )


def send_incomplete_chunk(url: str, location: str, content: bytes, offset: int, length: int) -> None:
    """Announce a whole chunk and send only its start."""
    host, _, port = url.removeprefix("http://").partition(":")
    head = (
        f"PATCH {location} HTTP/1.1\r\nHost: {host}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {length}\r\n\r\n"
    )
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + content)


def kept(market: Market, sha256: str) -> Path:
    return Path(market.data, "files", "licenses", sha256[:2], sha256)


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def left_over(market: Market) -> list[Path]:
    return list(Path(market.data, "uploads").iterdir())


@pytest.mark.slow
def test_sdk_delivers_a_file_and_repeats_but_not_another(market: Market, tmp_path: Path) -> None:
    """§C.7, and joint.md §5: the same again CBC.0000, another 91381034, one byte changed CBC.0101; nothing is kept of
    those."""
    event = market.events.pop()
    path, sha256 = a_file(tmp_path)
    with path.open("r+b") as file:  # the bytes differ from what the form says
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    with pytest.raises(ClientRequestException) as caught:
        by_sdk(market, event, path, sha256)
    assert (caught.value.status_code, caught.value.error_code) == (400, "CBC.0101")
    assert not kept(market, sha256).exists()
    changed = hash_of(path)
    assert (kept(market, changed).exists(), left_over(market)) == (False, [])
    with path.open("r+b") as file:
        file.write(first)
    assert by_sdk(market, event, path, sha256) == (200, "CBC.0000")
    assert hash_of(kept(market, sha256)) == sha256
    assert by_sdk(market, event, path, sha256) == (200, "CBC.0000")
    other, changed = a_file(tmp_path, 2_000_000)
    assert by_sdk(market, event, other, changed) == (200, "91381034")
    assert (kept(market, changed).exists(), left_over(market)) == (False, [])


@pytest.mark.slow
def test_tuspy_delivers_a_file_through_three_cuts(market: Market, tmp_path: Path) -> None:
    """tus 1.0.0, core and creation: a client that queries the offset continues from there."""
    path, sha256 = a_file(tmp_path, BYTES + 1)
    content = path.read_bytes()
    uploader = start_upload(market, market.events.pop(), path, sha256)
    uploader.set_url(uploader.create_url())
    location = str(uploader.url).removeprefix(market.url)
    for part in (5_000_000, 1, 700_000):
        offset = uploader.get_offset()
        send_incomplete_chunk(market.url, location, content[offset : offset + part], offset, len(content) - offset)
        until(lambda: uploader.get_offset() == offset + part)  # noqa: B023  # awaited at once
        uploader.offset = offset + part
        uploader.upload_chunk()
    uploader.upload()
    assert (uploader.offset, uploader.get_offset()) == (len(content), len(content))
    assert hash_of(kept(market, sha256)) == sha256
    assert left_over(market) == []


def test_file_that_differs_from_the_announced_one_is_discarded(market: Market, tmp_path: Path) -> None:
    path, sha256 = a_file(tmp_path, 3_000_000)
    uploader = start_upload(market, market.events.pop(), path, "0" * 64)
    with pytest.raises(TusUploadFailed) as refused:
        uploader.upload()
    assert refused.value.status_code == 400
    assert json.loads(refused.value.response_content)["error_code"] == "CBC.0101"
    assert (kept(market, sha256).exists(), left_over(market)) == (False, [])


LARGEST = 2 * 1024**3


def memory(process: int) -> int:
    """Return the anonymous memory of this process and its descendants, in bytes."""
    parents, held = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            told = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
            parents[int(told["Pid"])] = int(told["PPid"])
            held[int(told["Pid"])] = int(told.get("RssAnon", "0 kB").split()[0]) * 1024

    def is_ours(pid: int) -> bool:
        return pid == process or (pid in parents and is_ours(parents[pid]))

    return sum(size for pid, size in held.items() if is_ours(pid))


class PeakMemory:
    """The maximum memory of the market during a block, above its memory when idle."""

    def __init__(self, process: int) -> None:
        self._process, self._over = process, threading.Event()
        self.rest = self.most = memory(process)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        self.began = time.monotonic()
        return self

    def __exit__(self, *_error: object) -> None:
        self.seconds = time.monotonic() - self.began
        self._over.set()
        self._thread.join(waiting.TIMEOUT)

    def _watch(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, memory(self._process))

    @property
    def more(self) -> float:
        """In megabytes."""
        return (self.most - self.rest) / 1e6

    def __str__(self) -> str:
        return f"{self.seconds:.0f} s, {self.more:.0f} MB over {self.rest / 1e6:.0f} MB at rest"


@pytest.mark.soak  # 6 GB of disk and some minutes
@pytest.mark.timeout(1800)
def test_largest_file_is_delivered(market: Market, tmp_path: Path) -> None:
    """Issue 14: 2 GB by the SDK's signer and by tuspy with three cuts, at most 64 MB over what the market holds at rest."""
    path, sha256 = a_file(tmp_path, LARGEST)
    with PeakMemory(market.process) as by_the_sdk:
        assert by_sdk(market, market.events.pop(), path, sha256) == (200, "CBC.0000")
    sys.stderr.write(f"by the SDK: {by_the_sdk}\n")
    assert hash_of(kept(market, sha256)) == sha256
    uploader = start_upload(market, market.events.pop(), path, sha256)
    uploader.chunk_size = LARGEST
    uploader.set_url(uploader.create_url())
    location, offset = str(uploader.url).removeprefix(market.url), 0
    with PeakMemory(market.process) as by_tuspy:
        with path.open("rb") as file:
            for part in (500_000_000, 700_000_000, 1):
                file.seek(offset)
                send_incomplete_chunk(market.url, location, file.read(part), offset, LARGEST - offset)
                until(lambda: uploader.get_offset() == offset + part)  # noqa: B023  # awaited at once
                offset += part
        uploader.offset = offset
        uploader.upload()
    sys.stderr.write(f"by tuspy: {by_tuspy}\n")
    assert hash_of(kept(market, sha256)) == sha256
    assert left_over(market) == []
    assert max(by_the_sdk.more, by_tuspy.more) <= 64


def test_refusal_by_the_head_reaches_a_client_that_is_still_sending(market: Market, tmp_path: Path) -> None:
    """None of the 30 MB is needed, and the client receives the reason."""
    path, sha256 = a_file(tmp_path)
    assert by_sdk(market, "no-such-event", path, sha256) == (200, "91381034")
    client = MarketClient(market.url, market.access_key, market.secret_key, timeout=60)
    with pytest.raises(MarketError) as refused:
        upload_path(client, "no-such-event", path)
    assert refused.value.code == "91381034"


def test_client_of_the_kit_delivers_a_file(market: Market, tmp_path: Path) -> None:
    """In one call, and resumable."""
    path, sha256 = a_file(tmp_path, 5_000_000)
    client = MarketClient(market.url, market.access_key, market.secret_key, timeout=60)
    event = market.events.pop()
    upload_resumable(client, event, path, state=tmp_path / "state")
    upload_path(client, event, path)
    assert hash_of(kept(market, sha256)) == sha256
    assert left_over(market) == []
