"""Which cases a product with packages needs: of one that stops its service the update, too (saas-v2 §1.4)."""

from __future__ import annotations

import pytest

from tests.factories.products import ON_DEMAND, PACKAGE, make_document
from tradepost.market.base.values import replace
from tradepost.market.debugging.required import required
from tradepost.market.review.product_versions import sold


@pytest.mark.parametrize(("stops", "asked"), [(False, False), (True, True)])
def test_a_package_that_stops_needs_the_update(stops: bool, asked: bool) -> None:
    """ "Use-until-exhausted packages: create, query, update, release, usage push"."""
    document = make_document(prices=(ON_DEMAND, replace(PACKAGE, stops_when_used_up=stops)))
    activities = {one.case.activity for one in required("saas_v2", sold(document)).cases}
    assert ("refreshInstance" in activities) is asked
    assert {"newInstance", "queryInstance", "releaseInstance"} <= activities
