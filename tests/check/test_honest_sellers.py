"""No false alarm: sellers that follow the specification pass everything, however differently they are built."""

from __future__ import annotations

import pytest

from tests.check import plain_seller
from tests.check.kit_seller import KEY, any_seller, sample_seller
from tests.check.mutants import SlowShop
from tests.check.mutants import serving as raw_serving
from tradepost.check import Options, Report, Verdict, run
from tradepost.kit.serve import running
from tradepost.protocols import registry

ALL = sorted(registry.protocols())


def complaints(report: Report) -> list[tuple[str, str]]:
    wrong = {Verdict.FAILED, Verdict.BROKEN}
    return [(result.check_id, result.seen.en) for result in report.results if result.verdict in wrong]


def skipped(report: Report) -> set[str]:
    return {result.check_id for result in report.results if result.verdict is Verdict.SKIPPED}


@pytest.mark.slow
def test_sample_seller_passes(tmp_path):
    with sample_seller(tmp_path) as url:
        report = run(Options(url=url, key=KEY, replay_after=0))
    assert complaints(report) == []
    # It queries the market about change orders, and there is no market; it has no sales by usage.
    assert skipped(report) == {"idempotency.upgradeInstance.repeat", "time.usage_time"}
    assert report.exit_code == 0
    assert report.count(Verdict.PASSED) >= 80


@pytest.mark.slow
def test_seller_that_provisions_later_passes(tmp_path):
    wire = registry.protocol("saas_v2")
    with raw_serving(SlowShop(tmp_path, wire).respond) as url:
        report = run(Options(replay_after=0, url=url, key=KEY))
    assert complaints(report) == []
    assert skipped(report) == set()


@pytest.mark.slow
@pytest.mark.parametrize("strict", [False, True])
def test_seller_without_the_kit_passes(strict):
    """Chunked, indented, other header spelling, preset instance for debugging, no upgrades (saas-v2 §1.4, §5.1)."""
    with plain_seller.serving(plain_seller.PlainSeller(strict=strict)) as url:
        report = run(Options(replay_after=0, url=url, key=plain_seller.KEY))
    assert complaints(report) == []
    optional = {result.check_id for result in report.results if "upgradeInst" in result.seen.en + result.check_id}
    optional |= {result.check_id for result in report.results if "changeInst" in result.seen.en + result.check_id}
    assert skipped(report) <= optional | {"lifecycle.scene.renewal_change", "time.usage_time"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_seller_on_the_kit_passes_in_every_version(name, tmp_path):
    with running(any_seller(tmp_path, name)) as url:
        report = run(Options(replay_after=0, url=f"{url}/produce", protocol=name, key=KEY))
    assert complaints(report) == []
    assert report.exit_code == 0


def test_run_leaves_no_instance_behind():
    seller = plain_seller.PlainSeller()
    with plain_seller.serving(seller) as url:
        run(Options(replay_after=0, url=url, key=plain_seller.KEY))
    assert len(seller.states) > 20
    assert set(seller.states.values()) == {"released"}
