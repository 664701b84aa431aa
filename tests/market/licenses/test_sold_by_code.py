"""Requirements for selling a product by codes, and the calls to its seller (business-rules §2.5, saas-v1-license §B2.2)."""

from __future__ import annotations

import pytest

from tests.factories import NOW, make_address
from tests.market.fulfilment.services import again, done, open_call, renewed
from tests.market.licenses.coded import (
    LATER,
    activate_codes,
    activate_service,
    coded_product,
    issue_test_code,
    order_code,
    take,
)
from tradepost.market.base.config import config
from tradepost.market.catalog import document as documents
from tradepost.market.catalog.models import Version
from tradepost.market.debugging.required import Purpose
from tradepost.market.licenses.codes import record_query
from tradepost.market.production import addresses
from tradepost.market.production.models import Address, Call
from tradepost.market.review.product_versions import findings_of

pytestmark = pytest.mark.django_db


def test_submission_requires_an_activated_and_queried_test_code() -> None:
    product = coded_product(on_sale=False)
    document = documents.load(Version.objects.get(product=product).document)

    def lacks_test_code() -> bool:
        findings = findings_of(product, document, purpose=Purpose.SUBMIT, settings=config(), now=LATER)
        assert "interface.address" not in {finding.code for finding in findings}, "it needs no production address"
        return "interface.test_code" in {finding.code for finding in findings}

    assert lacks_test_code()
    code = issue_test_code(product, now=NOW)
    activate_codes(product.seller_id, code.code)
    assert lacks_test_code(), "the software has not queried it yet"
    record_query([code], now=LATER)
    assert not lacks_test_code()


@pytest.mark.parametrize("proven", [True, False])
def test_seller_is_called_only_for_interfaces_with_a_saved_case(proven: bool) -> None:
    """All three interfaces are optional: without a saved case no call is sent, and the renewal completes immediately."""
    product = coded_product()
    address = make_address(product.seller, protocol="license_code")
    addresses.bind(product, address)
    Address.objects.filter(pk=address.pk).update(proven=["refreshLicenseCode"] if proven else [])
    subscription = activate_service(take(order_code(product)))
    end = subscription.expires_at
    assert end is not None
    order = renewed(subscription, now=LATER)
    assert order.status == ("processing" if proven else "completed")
    if proven:
        call = open_call()
        assert (call.activity, call.instance_id) == ("refreshLicenseCode", subscription.instance_id)
        done(call, now=LATER)
    assert Call.objects.exists() == proven
    new_end = again(subscription).expires_at
    assert new_end is not None
    assert new_end > end
