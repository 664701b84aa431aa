"""Buyer and purchase fields of SaaS 1.0 that depend on the seller's choices (saas-v1-license A1.4, A2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from tests.factories import NOW, make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.engine import react
from tests.market.fulfilment.services import SPEC, service
from tradepost.market.catalog.models import Sku
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.protocols.commands import Create, Encryption, Purchase
from tradepost.protocols.registry import protocol
from tradepost.protocols.saas_v1.requests import load_command
from tradepost.protocols.signed_query import open_request

pytestmark = pytest.mark.django_db

KEY = "11111111-2222-3333-4444-555555555555"


def creation_of(parameter: str = "amount", **product: object) -> Create:
    """Return the newInstance of a paid order of two seats."""
    seller = make_seller()
    new_product = make_product(seller, address=make_address(seller, protocol="saas_v1"), specs=(SPEC,), **product)  # type: ignore[arg-type]
    Sku.objects.update(quantity_parameter=parameter)
    make_order(make_buyer(phone="15905222222"), offer=make_offer(new_product), paid=True, quantity=2)
    react(now=NOW)
    call = Call.objects.get()
    return cast("Create", calls.load(call.kind, call.command))


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [("amount", (2, None, None)), ("diskSize", (None, 2, None)), ("bandWidth", (None, None, 2))],
)
def test_quantity_is_sent_as_the_parameter_of_its_attribute(parameter: str, expected: tuple[int | None, ...]) -> None:
    """A2.1: amount, diskSize and bandWidth are linear attributes."""
    command = creation_of(parameter)
    purchase = cast("Purchase", command.purchase)
    assert (purchase.quantity, purchase.disk_size, purchase.band_width) == expected
    query = (
        protocol("saas_v1")
        .encode(replace(command, business_id="b"), address="https://a.example/p", key=KEY, now=NOW, nonce="n" * 32)
        .url
    )
    assert f"{parameter}=2" in query


def test_user_id_and_name_are_sent_to_sellers_that_require_them() -> None:
    """A2.1: only if the product was published with it."""
    buyer = creation_of(asks_user=True).buyer
    assert buyer is not None
    assert (buyer.user_id, buyer.user_name) == (buyer.customer_id, buyer.customer_name)


def test_user_id_and_name_are_not_sent_to_other_sellers() -> None:
    buyer = creation_of().buyer
    assert buyer is not None
    assert (buyer.user_id, buyer.user_name) == ("", "")


@pytest.mark.parametrize("strength", Encryption)
def test_private_fields_are_encrypted_with_the_chosen_strength(strength: Encryption) -> None:
    """A1.4: 1 = AES-256, 2 = AES-128; the reader detects which."""
    subscription = service("saas_v1", asks_email=True)
    Address.objects.update(encryption=strength.value)
    first = Call.objects.get()
    repeated = calls.load(first.kind, first.command)
    calls.create_access_call([repeated], Address.objects.get(), subscription, now=NOW)
    call = Call.objects.latest("pk")
    command = cast("Create", calls.load(call.kind, call.command))
    assert command.encryption is strength
    request = protocol("saas_v1").encode(
        replace(command, business_id="b"), address="https://a.example/p", key=KEY, now=NOW, nonce="n" * 32,
    )  # fmt: skip
    received = load_command(open_request(request, key=KEY), key=KEY)
    assert isinstance(received, Create)
    assert received.encryption is strength
