"""``tradepost reconcile``: what each seller has, the differences, and what ``--fix`` requests; exit code 1 while
something differs.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.market.fulfilment.compared_shop import Kept, shop
from tests.waiting import until
from tradepost.cli import reconcile as command
from tradepost.cli.reconcile import reconcile
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment.models import Drift, Operation

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use the database of this test as the market."""
    monkeypatch.setattr(command, "open_market", lambda **_: config())


def test_services_are_compared_listed_and_fixed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with shop(tmp_path, services=2) as found:
        lost, changed = found.subscriptions
        assert reconcile() == 0
        assert "Market and sellers say the same." in capsys.readouterr().out
        found.change("DELETE FROM instance WHERE instance_id = ?", lost.instance_id)
        Kept.changed = {changed.instance_id}
        assert reconcile(seller=str(found.seller.pk), fix=True) == 1
        shown = capsys.readouterr().out
        assert "2 services, 2 asked for, 0 without an answer" in shown
        assert "1 repairs are asked for" in shown
        done = Operation.objects.filter(kind="take_access", status="done")
        until(done.exists, what="the repair is done")
        assert reconcile(seller=found.seller.slug) == 1
        assert list(Drift.objects.filter(settled_at=None).values_list("what", flat=True)) == ["gone"]


def test_missing_seller_is_reported() -> None:
    with pytest.raises(Refused, match=r"reconcile\.no_seller"):
        reconcile(seller="nobody")
