"""``tradepost explain``: each amount with its parts, computed again; exit code 1 if a sum differs."""

from __future__ import annotations

import json

import pytest

from tests.market.fulfilment.services import service
from tradepost.cli import explain as command
from tradepost.cli.explain import explain
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.orders.models import OrderLine

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the database of this test as the market."""
    monkeypatch.setattr(command, "open_market", lambda **_: config())


def test_order_is_explained_and_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    number = service().order_line_number
    capsys.readouterr()
    assert explain(number) == 0
    shown = capsys.readouterr().out
    assert f"Price of {number}" in shown
    assert "says 100.00, recomputed 100.00" in shown
    assert "DIFFERS" not in shown


def test_difference_exits_with_1_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    held = service()
    OrderLine.objects.update(amount_minor=9_900)
    capsys.readouterr()
    assert explain(str(held.pk)) == 1
    assert "says 99.00, recomputed 100.00  DIFFERS" in capsys.readouterr().out
    assert explain(held.instance_id, as_json=True) == 1
    rows = json.loads(capsys.readouterr().out)
    wrong = [(one["kind"], one["says"], one["recomputed"]) for one in rows if one["verdict"] == "differs"]
    assert ("price", "99.00", "100.00") in wrong
    assert {"kind", "title", "says", "recomputed", "currency", "verdict", "parts", "note"} == set(rows[0])


def test_missing_object_is_reported() -> None:
    with pytest.raises(Refused, match=r"explain\.unknown"):
        explain("CS-nothing")
