"""Pages of domains and addresses: expected records, found records, and the effects of a change (saas-v2 §1.2, issue 9)."""

from __future__ import annotations

import pytest

from tests.configured import changed
from tests.factories import buying, people, products
from tradepost.market.base.config import config
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.outbound_policy import PUBLIC, SANDBOX, OutboundPolicy
from tradepost.market.catalog.models import Product
from tradepost.market.identity.models import Domain
from tradepost.market.production import addresses
from tradepost.market.production.models import Address, Binding


def test_registered_domain_shows_how_to_prove_it(page, shop):
    answer = page.post("/seller/domains/", {"host": "https://API.seller.example/"})

    domain = Domain.objects.get(seller=shop.seller)
    text = page.get(answer.headers["Location"]).content.decode()
    assert domain.host == "api.seller.example"
    assert "https://api.seller.example/.well-known/tradepost-domain.txt" in text
    assert f"tradepost-domain={domain.token}" in text
    assert "_tradepost.api.seller.example" in text
    page.post(f"/seller/domains/{domain.pk}/check/")
    assert LeasedJob.objects.get().payload == {"domain": domain.pk}
    live = page.get(f"/seller/domains/{domain.pk}/live/").content.decode()
    assert 'hx-trigger="every 1s"' in live
    page.post(f"/seller/domains/{domain.pk}/check/")
    assert LeasedJob.objects.count() == 1, "one look at a time"


def test_wrong_records_are_shown_and_escaped(page, shop):
    page.post("/seller/domains/", {"host": "api.seller.example"})
    domain = Domain.objects.get()
    domain.seen = [
        {"way": "https", "code": "other_text", "detail": "<script>alert(1)</script>"},
        {"way": "http", "code": "status", "detail": "404"},
        {"way": "dns", "code": "no_record", "detail": ""},
        {"way": "dns", "code": "from a later release", "detail": ""},
    ]
    domain.save()

    text = page.get(f"/seller/domains/{domain.pk}/").content.decode()

    assert "The content does not match:" in text
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert(1)" not in text
    assert "The server responded with a status other than 200" in text
    assert "There is no TXT record of this name yet" in text


def test_refusal_is_shown_beside_the_field(page, shop):
    text = page.post("/seller/domains/", {"host": "api.seller.example/path"}).content.decode()
    assert "id_host_error" in text
    assert "without port or path" in text
    assert 'value="api.seller.example/path"' in text
    assert not Domain.objects.exists()


def test_sandbox_accepts_this_machine_without_proof(page, shop):
    answer = page.post("/seller/domains/", {"host": "localhost"}, follow=True)
    assert "localhost is verified, because this is a sandbox." in answer.content.decode()


def test_lookups_are_limited(page, shop, monkeypatch):
    page.post("/seller/domains/", {"host": "api.seller.example"})
    domain = Domain.objects.get()
    monkeypatch.setattr("tradepost.market.sites.seller_center.looks.config", lambda: changed(config(), looks_an_hour=2))
    answers = [page.post(f"/seller/domains/{domain.pk}/check/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 3600


# --- addresses need a domain ---


def register(seller, url: str, *, outbound: OutboundPolicy = PUBLIC) -> Address:
    return addresses.register(
        seller,
        url=url,
        protocol="saas_v2",
        require_body_sign=True,
        outbound=outbound,
        now=people.NOW,
    )


def test_address_needs_a_proven_domain_in_every_market(page, shop):
    for outbound in (PUBLIC, SANDBOX):
        with pytest.raises(Refused, check=lambda error: error.code == "address.domain"):
            register(shop.seller, "https://api.seller.example/produce", outbound=outbound)
    foreign = people.make_seller()
    Domain.objects.create(
        seller=foreign, host="api.seller.example", status="verified", how="dns", token="t", created_at=people.NOW
    )
    with pytest.raises(Refused, check=lambda error: error.code == "address.domain"):
        register(shop.seller, "https://api.seller.example/produce")
    assert not Address.objects.exists()
    registered = register(foreign, "https://API.seller.example:8443/produce")
    assert registered.domain is not None
    assert registered.domain.seller == foreign
    text = page.post("/seller/addresses/new/", {"url": "https://x.example/a", "protocol": "saas_v2", "product": ""})
    assert "Verify the domain x.example first" in text.content.decode()


def test_lapsed_domain_accepts_no_new_address_and_keeps_its_own(shop):
    domain = Domain.objects.create(
        seller=shop.seller, host="api.seller.example", status="verified", how="dns", token="t", created_at=people.NOW
    )
    own = register(shop.seller, "https://api.seller.example/produce")
    Domain.objects.filter(pk=domain.pk).update(status="lapsed")
    with pytest.raises(Refused, check=lambda error: error.code == "address.domain"):
        register(shop.seller, "https://api.seller.example/other")
    addresses.change(own, url=own.url, require_body_sign=False, outbound=PUBLIC, now=people.NOW)
    own.refresh_from_db()
    assert (own.require_body_sign, own.domain) == (False, domain)


def test_unused_address_is_deleted_and_its_calls_stay(page, shop):
    product = products.make_product(shop.seller)
    call = buying.make_call(buying.make_order(offer=products.make_offer(product), paid=True))
    own = call.address
    refused = page.post(f"/seller/addresses/{own.pk}/delete/")
    assert refused.status_code == 409
    assert product.name_en in refused.content.decode(), "the page is in English"
    Binding.objects.all().delete()
    assert page.post(f"/seller/addresses/{own.pk}/delete/").status_code == 409, "a call is under way"
    type(call).objects.filter(pk=call.pk).update(state=3, outcome="done")

    assert page.post(f"/seller/addresses/{own.pk}/delete/").status_code == 302

    assert page.get(f"/seller/addresses/{own.pk}/").status_code == 404
    assert page.get(f"/seller/messages/{call.pk}/").status_code == 200
    assert page.post(f"/seller/products/{product.pk}/bind/", {"address": own.pk}).status_code == 422
    assert people.make_address(shop.seller, url=own.url).pk != own.pk, "it can be registered again"


def test_address_of_a_product_on_sale_cannot_be_removed(page, shop):
    product = products.make_product(shop.seller)
    path = f"/seller/products/{product.pk}/unbind/"
    assert page.post(path).status_code == 409
    assert path not in page.get("/seller/addresses/").content.decode()
    Product.objects.filter(pk=product.pk).update(status=Product.Status.DRAFT)
    assert path in page.get("/seller/addresses/").content.decode()
    assert page.post(path).status_code == 302
    assert not Binding.objects.exists()


def test_test_of_an_address_is_followed(page, shop):
    own = people.make_address(shop.seller)
    answer = page.post(f"/seller/addresses/{own.pk}/test/")
    assert answer.headers["Location"] == f"/seller/addresses/{own.pk}/"
    text = page.get(f"/seller/addresses/{own.pk}/").content.decode()
    assert "Testing the server" in text
    assert f'hx-get="/seller/addresses/{own.pk}/live/"' in text
    assert LeasedJob.objects.get().seller_id == shop.seller.pk


def test_domain_with_addresses_cannot_be_deleted(page, shop):
    own = people.make_address(shop.seller)
    assert page.post(f"/seller/domains/{own.domain_id}/delete/").status_code == 409
    addresses.remove(own, now=people.NOW)
    assert page.post(f"/seller/domains/{own.domain_id}/delete/").status_code == 302
    assert not Domain.objects.exists()
