"""``tradepost probe``: each case with its judgements, exit code 1 if one fails; and the products to be frozen next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.check.kit_seller import KEY, any_seller
from tests.factories import make_address, make_product, make_seller
from tests.factories.joint import make_application, make_kit_address
from tests.market.probes.watching import save_cases
from tests.market.working import working
from tradepost.cli import probe as command
from tradepost.cli.probe import probe
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.catalog.models import Product
from tradepost.market.probes.models import Health, ProbeDay, ProbeRun

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the database of this test as the market."""
    monkeypatch.setattr(command, "open_market", lambda **_: config())


@contextmanager
def served(place: Path, *, key: str = KEY) -> Iterator[Product]:
    now = clock.now()
    with running(any_seller(place, "saas_v2")) as url, working():
        seller = make_seller(signing_key=key, now=now)
        product = make_product(seller, address=make_address(seller, url=url, now=now), now=now)
        save_cases(product.binding.address, "newInstance", "queryInstance", now=now)
        yield product


def test_each_case_is_shown_with_its_judgements(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path) as product:
        ended = probe(product=str(product.pk))
    shown = capsys.readouterr().out
    lines = [line for line in shown.splitlines() if not line.startswith(" ")]
    assert [line.split()[1] for line in lines] == ["newInstance", "queryInstance"]
    assert "holds" in shown
    assert ended == int(any(line.startswith("failed") for line in lines))
    assert not ProbeDay.objects.exists(), "it is counted nowhere"


def test_failing_case_shows_the_reason_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(tmp_path, key="another key than the server has") as product:
        assert probe(product=product.slug) == 1
    shown = capsys.readouterr().out
    assert "failed  newInstance" in shown
    assert "saas-v2" in shown
    assert {run.verdict for run in ProbeRun.objects.all()} == {"failed"}


@pytest.mark.parametrize("given", [{}, {"product": "1", "forecast": True}])
def test_one_case_can_be_probed(given: dict[str, object]) -> None:
    with pytest.raises(Refused, match=r"probe\.what"):
        probe(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["no-such-product", "4711", "9" * 40])
def test_missing_object_is_reported(name: str) -> None:
    with pytest.raises(Refused, match=r"probe\.no_product"):
        probe(product=name)


def test_product_without_a_case_is_not_probed() -> None:
    product = make_product()
    with pytest.raises(Refused, match=r"probe\.no_cases"):
        probe(product=str(product.pk))
    assert not ProbeRun.objects.exists()


def test_forecast_lists_products_by_day(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe(forecast=True) == 0
    assert "No product is frozen by its probes or about to be." in capsys.readouterr().out
    product = make_product()
    Health.objects.create(product=product, verdict="failed", streak=3, freezes_on="2026-11-28")
    assert probe(forecast=True) == 0
    shown = capsys.readouterr().out
    assert "2026-11-28" in shown
    assert "3 of 5" in shown
    assert product.name_en in shown


def test_calls_of_joint_operation_are_probed_and_shown_with_their_application(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """openapi-jointkit §A.10: the stored cases of both interfaces of the product."""
    with served(tmp_path) as product:
        kit = make_kit_address(product.seller, url=product.binding.address.url, now=clock.now())
        make_application(product.seller, address=kit, product=product, name="青榭\x1b协同", now=clock.now())
        save_cases(kit, "tenantSync", now=clock.now())
        assert probe(product=str(product.pk)) == 1, "this seller speaks no kit"
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("passed", "failed"))]
    assert [line.split()[1] for line in lines] == ["newInstance", "queryInstance", "tenantSync"]
    assert lines[2].endswith("application 青榭?协同")
    assert lines[2].startswith("failed")
    assert "application" not in lines[0]
