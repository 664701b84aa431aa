"""A manual service that is rejected, appealed and decided by three people, over the pages of three sites
(business-rules §2.10).
"""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import make_buyer, make_offer, make_operator, make_order, make_product, make_seller
from tests.factories.pictures import PDF
from tests.factories.products import ONCE
from tests.journeys.entering import sign_in
from tests.market.engine import react
from tradepost.market.base import clock
from tradepost.market.orders.models import Order
from tradepost.market.supervision.models import Supervision

pytestmark = pytest.mark.django_db


@pytest.mark.slow
def test_delivery_is_rejected_appealed_and_decided() -> None:
    now = clock.now()
    owner, buyer, operator = make_buyer(now=now), make_buyer(now=now), make_operator(now=now)
    product = make_product(
        make_seller(member=owner), product_type="MANUAL_SERVICE", prices=(ONCE,), bound=False, now=now
    )
    order = make_order(buyer, offer=make_offer(product), paid=True, now=now)
    react(now=now)
    one = Supervision.objects.get()
    store, center, console = (sign_in(who) for who in (buyer, owner, operator))
    mine, theirs, decides = (
        f"/supervision/{one.pk}/",
        f"/seller/supervision/{one.pk}/",
        f"/console/supervision/{one.pk}/",
    )

    assert mine in store.read(f"/orders/{order.number}/")
    assert "Your action is needed." in store.read(mine)
    store.send(f"{mine}act/", act="demand", words="Set it up for <b>30</b> people.")
    assert "Set it up for &lt;b&gt;30&lt;/b&gt; people." in center.read(theirs)
    center.send(f"{theirs}act/", act="confirm")
    refused = center.post(f"{theirs}act/", {"act": "deliver", "visit": "3", "words": "Done."})
    assert (refused.status_code, "Required: Evidence of the delivery." in refused.content.decode()) == (422, True)
    center.read(theirs)
    center.send(
        f"{theirs}act/",
        act="deliver",
        words="Done.",
        proof_0_file=SimpleUploadedFile("done.pdf", PDF, "application/pdf"),
    )
    [proof] = set(_files(store.read(mine)))
    assert store.get(proof).headers["Content-Disposition"].startswith("attachment")
    store.send(f"{mine}act/", act="reject", words="It does not start.")
    center.read(theirs)
    center.send(f"{theirs}appeal/", appeal="It starts; see the log.")
    assert "The operator is deciding." in store.read(mine)
    assert "It starts; see the log." in console.read(decides)
    console.send(f"{decides}decide/", decision="accept", opinion="The log shows it.")
    assert "The log shows it." in store.read(mine)
    assert "The delivery was accepted." in center.read(theirs)
    assert Order.objects.get().status == "completed"


def _files(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('href="')[1:] if "/files/" in part.partition('"')[0]]
