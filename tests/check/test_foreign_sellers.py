"""No false alarm for sellers that share nothing with the kit, in every version and in another language."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.check import foreign_sellers, plain_seller, provisioning_seller
from tradepost.check import Options, Report, Verdict, run
from tradepost.protocols import registry

NODE = shutil.which("node")
KEY = "node seller's key + 1"
SECRET = "secrets.client_secret"
LACKS = {
    # No private key fits the secret of a tester that has no public key (openapi-jointkit §A.6).
    "kit": {SECRET},
    "old_kit": {SECRET},
    "kit_with_a_key": {SECRET, "shape.applicationSync.fields", "debug.applicationSync", "lifecycle.users"},
    "old_kit_with_a_key": {SECRET, "shape.applicationSync.fields", "debug.applicationSync", "lifecycle.users"},
    "asking_notices": {"idempotency.orderNotify.repeat", "idempotency.orderNotify.parallel"},
}
WARNED = {
    "careless_codes": {"time.no_time", "time.month_13"},
    # An uploaded license is not visible here (saas-v1-license B3).
    "online": {"lifecycle.getLicenseAsync.issued"},
}
REFUSING = "no_fingerprint"
"""It issues no license to a tester's device, so checks that need one cannot run."""


def complaints(report: Report) -> list[tuple[str, str]]:
    wrong = {Verdict.FAILED, Verdict.BROKEN}
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in wrong]


def ids(report: Report, verdict: Verdict) -> set[str]:
    return {result.check_id for result in report.results if result.verdict is verdict}


@pytest.mark.slow
def test_seller_that_refuses_every_application_is_reported():
    """For every reason: 000903 requires a fingerprint, and one was sent (saas-v1-license B3)."""
    seller = foreign_sellers.ALL[REFUSING]()
    with foreign_sellers.serving(seller) as url:
        report = run(Options(url=url, protocol=seller.protocol, key=foreign_sellers.KEY, replay_after=0))
    assert report.exit_code == 1
    assert report.diagnoses == {"license_refused"}
    assert ids(report, Verdict.FAILED) == {"lifecycle.getLicenseAsync.issued"}
    assert {result.check_id for result in report.blocked} == {
        "idempotency.getLicenseAsync.repeat",
        "time.getLicenseAsync.effectiveTime",
        "time.getLicenseAsync.expireTime",
    }


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(foreign_sellers.ALL.keys() - {REFUSING}))
def test_correct_seller_passes(name):
    seller = foreign_sellers.ALL[name]()
    with foreign_sellers.serving(seller) as url:
        report = run(Options(url=url, protocol=seller.protocol, key=foreign_sellers.KEY, replay_after=0))
    assert complaints(report) == []
    assert report.exit_code == 0
    assert ids(report, Verdict.WARNED) == WARNED.get(name, set())
    assert ids(report, Verdict.SKIPPED) - {"signature.not_hex"} == LACKS.get(name, set())


def test_every_smaller_version_has_a_seller():
    assert {make().protocol for make in foreign_sellers.ALL.values()} == set(registry.protocols()) - {
        "saas_v1",
        "saas_v2",
    }


@contextmanager
def node(protocol: str) -> Iterator[str]:
    program = Path(__file__).with_name("node_seller.js")
    environment = os.environ | {"SELLER_KEY": KEY}
    with subprocess.Popen(
        [NODE or "node", str(program), protocol], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/produce"
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.skipif(NODE is None, reason="node is missing")
@pytest.mark.parametrize("protocol", ["saas_v1", "saas_v2"])
def test_correct_seller_in_javascript_passes(protocol):
    """Kept connections, chunks, addresses with a fresh ticket, no optional activity (saas-v2 §1.4)."""
    with node(protocol) as url:
        report = run(Options(url=url, protocol=protocol, key=KEY, replay_after=0))
    assert complaints(report) == []
    assert ids(report, Verdict.WARNED) == set()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("javac") is None, reason="a JDK is missing")
def test_correct_seller_with_a_thread_pool_in_java_passes():
    """Hand-written header names, a pool of threads, hand-written JSON, no optional activity (saas-v2 §1.4)."""
    program = Path(__file__).with_name("PooledSeller.java")
    environment = os.environ | {"SELLER_KEY": KEY}
    with subprocess.Popen(["java", str(program)], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            report = run(
                Options(url=f"http://127.0.0.1:{int(process.stdout.readline())}/produce", key=KEY, replay_after=0)
            )
        finally:
            process.kill()
    assert complaints(report) == []
    assert ids(report, Verdict.WARNED) == set()


@pytest.mark.slow
def test_correct_seller_that_provisions_in_tasks_passes():
    """One loop, kept connections, creations answered before they are done; undocumented expectations are warnings."""
    with provisioning_seller.serving(provisioning_seller.Seller()) as url:
        report = run(Options(url=url, key=provisioning_seller.KEY, replay_after=0))
    assert complaints(report) == []
    assert ids(report, Verdict.WARNED) == {
        "lifecycle.released.upgradeInstance",
        "lifecycle.released.changeInstanceCheck",
    }
    assert ids(report, Verdict.SKIPPED) == {"time.usage_time"}


def test_raw_chinese_outside_memo_is_a_warning():
    """The table asks for escapes in memo alone (saas-v2 §3.2)."""

    with plain_seller.serving(plain_seller.PlainSeller(raw_message=True)) as url:
        report = run(Options(url=url, key=plain_seller.KEY, only=frozenset({"wire"})))
    assert complaints(report) == []
    assert ids(report, Verdict.WARNED) == {"wire.ascii"}
    assert report.exit_code == 0
