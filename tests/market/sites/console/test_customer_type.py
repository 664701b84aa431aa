"""An operator certifies a customer (business-rules §1.1, §3.7); enterprise products are explained before the order."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_buyer, make_operator
from tests.factories.people import NOW
from tests.factories.products import make_offer
from tradepost.market.base.models import Move
from tradepost.market.catalog import controls
from tradepost.market.identity.models import User
from tradepost.market.orders.models import Order

pytestmark = pytest.mark.django_db
ENTERPRISE = {"customer_type": "company", "name": "蓝田精密制造有限公司", "reason": "Business licence checked"}


@pytest.fixture
def operator() -> User:
    return make_operator(email="op@market.example")


def client_of(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def certify(client: Client, buyer: User, **data: str):
    return client.post(reverse("console:customer_type", args=[buyer.pk]), ENTERPRISE | data)


def stored(buyer: User) -> tuple[str, str]:
    return User.objects.values_list("customer_type", "certified_name").get(pk=buyer.pk)


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_operator_certifies_corrects_and_ends_it_with_a_history(operator: User) -> None:
    buyer, console = make_buyer(balance="0"), client_of(operator)
    assert certify(console, buyer).status_code == 302
    assert stored(buyer) == ("company", ENTERPRISE["name"])
    certify(console, buyer, name="蓝田制造集团")
    certify(console, buyer, customer_type="", reason="Licence revoked")
    assert stored(buyer) == ("", "")
    moves = Move.objects.filter(lifecycle="customer_type", subject=str(buyer.pk)).order_by("pk")
    assert [(m.before, m.after, m.actor) for m in moves] == [
        ("", "company", operator.email), ("company", "company", operator.email), ("company", "", operator.email),
    ]  # fmt: skip
    page = text(console.get(reverse("console:account", args=[buyer.pk])))
    assert "Enterprise → Not certified Licence revoked" in page


def test_same_certification_again_changes_nothing(operator: User) -> None:
    buyer, console = make_buyer(balance="0"), client_of(operator)
    certify(console, buyer)
    assert "Nothing was changed." in text(
        console.post(reverse("console:customer_type", args=[buyer.pk]), ENTERPRISE, follow=True)
    )
    assert Move.objects.filter(lifecycle="customer_type").count() == 1


@pytest.mark.parametrize("wrong", [{"customer_type": "state"}, {"name": "  "}, {"name": "x" * 129}, {"reason": " "}])
def test_wrong_field_is_refused_and_nothing_changes(operator: User, wrong: dict[str, str]) -> None:
    buyer = make_buyer(balance="0", customer_type="person", certified_name="林晓舟")
    answer = certify(client_of(operator), buyer, **wrong)
    assert answer.status_code == 422
    assert "tp-error" in answer.content.decode()
    assert (stored(buyer), Move.objects.filter(lifecycle="customer_type").count()) == (("person", "林晓舟"), 0)


def test_buyer_cannot_certify_and_sees_the_type_on_the_profile(operator: User) -> None:
    buyer = make_buyer(balance="0")
    page = client_of(buyer)
    assert certify(page, buyer).status_code in {403, 404}
    assert "Your customer type Not certified" in text(page.get(reverse("storefront:profile")))
    certify(client_of(operator), buyer)
    assert f"Your customer type Enterprise · {ENTERPRISE['name']}" in text(page.get(reverse("storefront:profile")))


@pytest.mark.parametrize(("language", "rule", "own"), [
    ("en", "certified enterprises only", "Your account is not certified yet."),
    ("zh-hans", "仅面向已认证的企业用户", "您的账号尚未认证。"),
])  # fmt: skip
def test_product_page_and_checkout_explain_a_product_for_enterprises(
    operator: User, language: str, rule: str, own: str
) -> None:
    offer = make_offer()
    product = offer.sku.spec.product
    controls.set_target(product, audience="companies", now=NOW, by="s")
    buyer = make_buyer(company="蓝天公司", language=language)
    page = Client(headers={"accept-language": language})
    page.force_login(buyer)
    assert rule in text(page.get(reverse("storefront:product", args=[product.slug])))
    checkout = reverse("storefront:checkout", args=[product.pk])
    shown = page.get(checkout)
    assert rule in text(shown)
    assert own in text(shown)
    assert 'class="btn btn-accent' not in shown.content.decode().split('id="order-button"')[1]
    chosen = {"plan": offer.plan, "quantity": 1, "periods": 1, "agreed": "on", "total": "10000"}
    assert page.post(checkout, chosen).status_code == 403
    assert not Order.objects.filter(buyer=buyer).exists()
    certify(client_of(operator), buyer)
    assert own not in text(page.get(checkout))
