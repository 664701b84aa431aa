"""Cases required of a product with packages: a package that stops its service also needs the update (saas-v2 §1.4)."""

from __future__ import annotations

import pytest

from tests.factories.products import ON_DEMAND, PACKAGE, make_document
from tradepost.market.base.values import replace
from tradepost.market.debugging.required import required
from tradepost.market.review.product_versions import sold_properties


@pytest.mark.parametrize(("stops", "needs_update"), [(False, False), (True, True)])
def test_package_that_stops_its_service_needs_the_update_case(stops: bool, needs_update: bool) -> None:
    """ "Use-until-exhausted packages: create, query, update, release, usage push"."""
    document = make_document(prices=(ON_DEMAND, replace(PACKAGE, stops_when_used_up=stops)))
    activities = {case.case.activity for case in required("saas_v2", sold_properties(document)).cases}
    assert ("refreshInstance" in activities) is needs_update
    assert {"newInstance", "queryInstance", "releaseInstance"} <= activities
