"""What a product that is delivered by codes needs before it is sold, and what its seller is told when it is (business-rules §2.5,
saas-v1-license §B2.2)."""

from __future__ import annotations

import pytest

from tests.factories import NOW, make_address
from tests.market.fulfilment.services import again, done, open_call, renewed
from tests.market.licenses.coded import LATER, activated, code_ordered, coded_product, made_for_tests, software, taken
from tradepost.market.base.config import config
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Version
from tradepost.market.debugging.required import Purpose
from tradepost.market.licenses.codes import stamp
from tradepost.market.production import addresses
from tradepost.market.production.models import Address, Call
from tradepost.market.review.product_versions import findings_of

pytestmark = pytest.mark.django_db


def test_it_is_handed_in_when_a_test_code_was_activated_and_asked_about() -> None:
    product = coded_product(on_sale=False)
    document = documents.load(Version.objects.get(product=product).document)

    def lacks() -> bool:
        found = findings_of(product, document, purpose=Purpose.SUBMIT, settings=config(), now=LATER)
        assert "interface.address" not in {each.code for each in found}, "it needs no production address"
        return "interface.test_code" in {each.code for each in found}

    assert lacks()
    code = made_for_tests(product, now=NOW)
    software(product.seller_id, code.code)
    assert lacks(), "it was not asked about yet"
    stamp([code], now=LATER)
    assert not lacks()


@pytest.mark.parametrize("proven", [True, False])
def test_its_seller_is_told_of_what_it_saved_a_case_for(proven: bool) -> None:
    """All three interfaces are optional: without a case nothing is asked, and the renewal is done at once."""
    product = coded_product()
    address = make_address(product.seller, protocol="license_code")
    addresses.bind(product, address)
    Address.objects.filter(pk=address.pk).update(proven=["refreshLicenseCode"] if proven else [])
    held = activated(taken(code_ordered(product)))
    end = held.expires_at
    assert end is not None
    order = renewed(held, now=LATER)
    assert order.status == ("processing" if proven else "completed")
    if proven:
        call = open_call()
        assert (call.activity, call.instance_id) == ("refreshLicenseCode", held.instance_id)
        done(call, now=LATER)
    assert Call.objects.exists() == proven
    moved = again(held).expires_at
    assert moved is not None
    assert moved > end
