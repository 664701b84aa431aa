"""A refusal shows the form again with what was typed (review of forms; the page of each act)."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import make_operator
from tests.factories.every_kind import service_of_kind
from tests.factories.licenses import make_application
from tradepost.market.base.errors import Refused
from tradepost.market.catalog import trading
from tradepost.market.fulfilment import pay_back
from tradepost.market.licenses.models import LicenseRequest
from tradepost.market.product_types.registry import product_types
from tradepost.market.service_desk.models import Demand
from tradepost.market.sites.console import demands as console_demands
from tradepost.market.sites.storefront import license_apply

pytestmark = pytest.mark.django_db
TYPED = "a typed text that took a while"


def client_of(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def refuses(*_args: object, **_more: object) -> None:
    raise Refused("some.reason", "It is not possible now.")


def test_an_application_for_a_license_keeps_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    held = make_application().subscription
    monkeypatch.setattr(license_apply, "apply_for_license", refuses)
    at = reverse("storefront:license_apply", args=[held.pk])
    answer = client_of(held.buyer).post(at, {"fingerprint": TYPED})
    assert answer.status_code == 409
    assert f'value="{TYPED}"' in answer.content.decode()
    assert "It is not possible now." in answer.content.decode()
    assert LicenseRequest.objects.count() == 1


def test_an_operators_reason_for_a_refund_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    held = service_of_kind("SAAS", "PERIOD")
    monkeypatch.setattr(pay_back, "pay_back", refuses)
    monkeypatch.setattr(pay_back, "may_pay_back", lambda _order: True)
    order = held.order_line_number.rpartition("-")[0]
    answer = client_of(make_operator()).post(reverse("console:order_pay_back", args=[order]), {"reason": TYPED})
    assert answer.status_code == 409
    assert TYPED in answer.content.decode()


def test_an_operators_reason_for_a_suspension_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    held = service_of_kind("SAAS", "PERIOD")
    monkeypatch.setattr(trading, "freeze", refuses)
    at = reverse("console:product_freeze", args=[held.product.pk])
    answer = client_of(make_operator()).post(at, {"reason": TYPED})
    assert TYPED in answer.content.decode()
    assert "It is not possible now." in answer.content.decode()


@pytest.mark.parametrize(
    ("code", "words"), [("LICENSE_CODE", "its code becomes invalid"), ("AI_ASSET", ""), ("SAAS", "asked to delete")]
)
def test_the_question_before_a_refund_fits_the_kind(code: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held = service_of_kind(code, "PERIOD")
    monkeypatch.setattr(pay_back, "may_pay_back", lambda _order: True)
    order = held.order_line_number.rpartition("-")[0]
    page = client_of(make_operator()).get(reverse("console:order", args=[order])).content.decode()
    assert words in page
    assert ("asked to delete what it may have made" in page) is product_types()[code].needs_interface


@pytest.mark.parametrize("code", ["SAAS", "AI_ASSET", "MANUAL_SERVICE", "IMAGE"])
def test_a_seller_awaits_calls_only_of_kinds_that_call(code: str) -> None:
    held = service_of_kind(code, str(product_types()[code].charging_modes[0]))
    at = reverse("seller_center:order", args=[held.order_line_number])
    page = client_of(held.seller.members.get().user).get(at).content.decode()
    assert ("Calls begin when the buyer has paid." in page) is product_types()[code].needs_interface


@pytest.mark.parametrize(
    ("phone", "email"), [("010-8000-1234", ""), ("", "a@b.example"), ("010-8000-1234", "a@b.example")]
)
def test_an_answer_that_reaches_nobody_says_whom_to_call(phone: str, email: str) -> None:
    with translation.override("en"):
        words = str(console_demands._answered(Demand(phone=phone, email=email)))
    assert ("call 010-8000-1234" in words) is (not email)
