"""The tester is the market to which a seller's program uploads licenses: its mistakes are named (openapi-jointkit
§C.7).
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.check.mutants import KEY, serving
from tests.check.mutants.any_shop import AnySeller, any_seller
from tests.check.sample_process import complaints, started
from tests.kit.servers import free_port
from tradepost.check import CannotRun, Options, Report, Verdict, run
from tradepost.check.diagnoses.uploads import DIAGNOSES
from tradepost.kit import GetLicenseAsync, Pending
from tradepost.kit.client import MarketClient, MarketError, utc_now
from tradepost.kit.exchanging import exchange
from tradepost.protocols.http import Request
from tradepost.protocols.open_api.signing import sign
from tradepost.protocols.open_api.upload import file_form

AK, SK = "AKOFTHETEST", "the secret of the test"
NAMES = ("uploaded", "uploaded.again", "uploaded.as_text", "uploaded.as_file")
numbers = count(1)

type Bring = Callable[[MarketClient, GetLicenseAsync], None]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def issuer(bring: Bring, client: MarketClient) -> type[AnySeller]:
    class Issuer(AnySeller):
        def __init__(self, place: Path, wire: Any) -> None:
            super().__init__(place, wire)
            self.on_other(GetLicenseAsync)(self.on_license)

        def on_license(self, command: GetLicenseAsync) -> Pending:
            def go() -> None:
                with suppress(MarketError):
                    bring(client, command)

            threading.Thread(target=go, daemon=True).start()
            return Pending()

    return Issuer


def examine(bring: Bring, folder: Path, **changed: Any) -> Report:
    port = free_port()
    client = MarketClient(f"http://127.0.0.1:{port}", AK, SK, timeout=60)
    seller = any_seller(folder, "license_online", issuer(bring, client))
    with serving(seller.respond) as url:
        options = Options(
            url=url, protocol="license_online", key=KEY, only=frozenset({"lifecycle"}), patience=1, market=f"127.0.0.1:{port}",
            ak=AK, sk=SK, again=frozenset(f"lifecycle.{name}" for name in NAMES), at_once=1, replay_after=0,
        )  # fmt: skip
        return run(replace(options, **changed))


def verdicts(report: Report) -> dict[str, str]:
    asked = {f"lifecycle.{name}": name for name in NAMES}
    return {asked[one.check_id]: one.verdict.name for one in report.results if one.check_id in asked}


def text(client: MarketClient, command: GetLicenseAsync) -> None:
    client.upload_text(command.event_id, f"license of {command.event_id}")


def file(client: MarketClient, command: GetLicenseAsync) -> None:
    client.upload_file(command.event_id, "许可.lic", f"license of {command.event_id}".encode())


def nothing(_client: MarketClient, _command: GetLicenseAsync) -> None:
    """The buyer waits forever."""


def with_another_secret(client: MarketClient, command: GetLicenseAsync) -> None:
    text(replace(client, sk="another"), command)


def another_each_time(client: MarketClient, command: GetLicenseAsync) -> None:
    client.upload_text(command.event_id, f"license {next(numbers)}")


def _form(client: MarketClient, command: GetLicenseAsync, *, change: Callable[[bytes], bytes]) -> None:
    content = b"license"
    form = file_form(
        command.event_id, "f.lic", hashlib.sha256(content).hexdigest(), market=client.market, boundary="b" * 32
    )
    body = change(form.before + content + form.after)
    request = sign(Request("POST", form.url, (("Content-Type", form.content_type),), body), ak=AK, sk=SK, now=utc_now())
    client.parse_answer(exchange(request, timeout=60, tls=None))


def hash_of_something_else(client: MarketClient, command: GetLicenseAsync) -> None:
    _form(client, command, change=lambda body: body.replace(b"\r\n\r\nlicense\r\n", b"\r\n\r\nLicense\r\n"))


def part_under_another_name(client: MarketClient, command: GetLicenseAsync) -> None:
    _form(client, command, change=lambda body: body.replace(b'name="isvUpdateFileReq"', b'name="isvUploadFileReq"'))


MISTAKES: dict[str, Bring] = {
    "license_not_uploaded": nothing,
    "upload_not_signed": with_another_secret,
    "upload_form": part_under_another_name,
    "upload_other_hash": hash_of_something_else,
    "upload_of_another": another_each_time,
}


def test_every_mistake_has_a_mutant() -> None:
    assert MISTAKES.keys() == DIAGNOSES.keys()


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_named(name: str, tmp_path: Path) -> None:
    report = examine(MISTAKES[name], tmp_path)
    assert (report.exit_code, set(report.diagnoses)) == (1, {name}), verdicts(report)


@pytest.mark.parametrize(("bring", "other"), [(text, "as_file"), (file, "as_text")])
def test_honest_seller_passes_and_the_untested_form_is_named(bring: Bring, other: str, tmp_path: Path) -> None:
    report = examine(bring, tmp_path)
    assert report.exit_code == 0
    assert verdicts(report) == {
        name: "SKIPPED" if name.endswith(other) else "PASSED" for name in NAMES
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("how", [(), ("--license-files",)])
def test_sample_seller_passes(how: tuple[str, ...], tmp_path: Path) -> None:
    port = free_port()
    market = ("--market", f"http://127.0.0.1:{port}", "--ak", AK, "--sk", SK)
    with started(tmp_path, "--protocol", "license_online", *market, *how) as url:
        options = Options(
            url=url, protocol="license_online", key=KEY, replay_after=0, market=f"127.0.0.1:{port}", ak=AK, sk=SK,
            only=frozenset({"lifecycle", "idempotency"}),
        )  # fmt: skip
        report = run(options)
    assert complaints(report) == []
    assert verdicts(report)["uploaded"] == "PASSED"
    assert verdicts(report)["uploaded.as_file" if how else "uploaded.as_text"] == "PASSED"


def test_uploads_are_not_mentioned_without_a_market(tmp_path: Path) -> None:
    report = examine(nothing, tmp_path, market="", again=frozenset(), only=frozenset({"signature"}))
    assert verdicts(report) == {}
    assert Verdict.PASSED in {one.verdict for one in report.results}


@pytest.mark.parametrize("changed", [{"market": "9100"}, {"ak": ""}, {"market": "192.0.2.1:9"}])
def test_market_that_cannot_be_simulated_is_reported(changed: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(CannotRun):
        examine(text, tmp_path, **changed)
