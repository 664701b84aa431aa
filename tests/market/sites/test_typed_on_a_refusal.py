"""A refusal shows the form again with its input (review of forms; the page of each act)."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import make_operator, make_seller
from tests.factories.every_kind import service_of_kind
from tests.factories.licenses import make_application
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.catalog import trading
from tradepost.market.fulfilment import pay_back
from tradepost.market.identity import enter
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


def refuses_beside(field: str) -> None:
    raise Refused("some.reason", "It is not possible now.", field=field)


def test_license_application_keeps_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = make_application().subscription
    monkeypatch.setattr(license_apply, "apply_for_license", refuses)
    at = reverse("storefront:license_apply", args=[subscription.pk])
    answer = client_of(subscription.buyer).post(at, {"fingerprint": TYPED})
    assert answer.status_code == 422
    assert f'value="{TYPED}"' in answer.content.decode()
    assert "It is not possible now." in answer.content.decode()
    assert LicenseRequest.objects.count() == 1


def test_operators_reason_for_a_refund_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = service_of_kind("SAAS", "PERIOD")
    monkeypatch.setattr(pay_back, "refund_order", refuses)
    monkeypatch.setattr(pay_back, "may_refund", lambda _order: True)
    order = subscription.order_line_number.rpartition("-")[0]
    answer = client_of(make_operator()).post(reverse("console:order_pay_back", args=[order]), {"reason": TYPED})
    assert answer.status_code == 422
    assert TYPED in answer.content.decode()


def test_operators_reason_for_a_suspension_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = service_of_kind("SAAS", "PERIOD")
    monkeypatch.setattr(trading, "freeze", refuses)
    at = reverse("console:product_freeze", args=[subscription.product.pk])
    answer = client_of(make_operator()).post(at, {"reason": TYPED})
    assert TYPED in answer.content.decode()
    assert "It is not possible now." in answer.content.decode()


@pytest.mark.parametrize(
    ("code", "words"), [("LICENSE_CODE", "its code becomes invalid"), ("AI_ASSET", ""), ("SAAS", "asked to delete")]
)
def test_question_before_a_refund_fits_the_kind(code: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = service_of_kind(code, "PERIOD")
    monkeypatch.setattr(pay_back, "may_refund", lambda _order: True)
    order = subscription.order_line_number.rpartition("-")[0]
    page = client_of(make_operator()).get(reverse("console:order", args=[order])).content.decode()
    assert words in page
    assert (
        "is cancelled permanently. The seller cannot restart it and is asked to delete anything that was created. The buyer and the seller are notified. This cannot be undone"
        in page
    ) is product_types()[code].needs_interface


@pytest.mark.slow
@pytest.mark.parametrize("code", ["SAAS", "AI_ASSET", "MANUAL_SERVICE", "IMAGE"])
def test_seller_expects_calls_only_of_kinds_that_call(code: str) -> None:
    subscription = service_of_kind(code, str(product_types()[code].charging_modes[0]))
    at = reverse("seller_center:order", args=[subscription.order_line_number])
    page = client_of(subscription.seller.members.get().user).get(at).content.decode()
    without_calls = "Orders of this type are delivered without calls to your server." in page
    assert without_calls is not product_types()[code].needs_interface


@pytest.mark.parametrize(
    ("phone", "email"), [("010-8000-1234", ""), ("", "a@b.example"), ("010-8000-1234", "a@b.example")]
)
def test_answer_without_a_mail_address_says_whom_to_call(phone: str, email: str) -> None:
    with translation.override("en"):
        words = str(console_demands._answered_message(Demand(phone=phone, email=email)))
    assert ("call 010-8000-1234" in words) is (not email)


@pytest.mark.parametrize(("act", "status"), [("suspend", "active"), ("resume", "suspended")])
def test_reason_for_a_seller_is_kept_in_the_open_dialog(act: str, status: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """business-rules §1.4: the seller reads the reason. A refusal leaves the form open, with the error beside its
    field."""
    seller = make_seller(status=status)
    at, client = reverse(f"console:seller_{act}", args=[seller.pk]), client_of(make_operator())
    answer = client.post(at, {"reason": "x" * (enter.MAX_REASON_LENGTH + 1)})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "x" * (enter.MAX_REASON_LENGTH + 1) in page
    assert 'id="id_reason_error"' in page
    assert re.search(r'<dialog[^>]*id="standing"[^>]*data-dialog-open', page)
    monkeypatch.setattr(enter, act, lambda *_args, **_more: refuses_beside("reason"))
    answer = client.post(at, {"reason": TYPED})
    assert answer.status_code == 422
    assert TYPED in answer.content.decode()
    assert "It is not possible now." in answer.content.decode()
    seller.refresh_from_db()
    assert seller.status == status
    assert not Event.objects.filter(name__in=["seller_suspended", "seller_resumed"]).exists()


@pytest.mark.parametrize(
    ("act", "before", "after"), [("suspend", "active", "suspended"), ("resume", "suspended", "active")]
)
def test_seller_is_suspended_and_resumed_with_a_reason(act: str, before: str, after: str) -> None:
    seller = make_seller(status=before)
    answer = client_of(make_operator()).post(reverse(f"console:seller_{act}", args=[seller.pk]), {"reason": TYPED})
    assert answer.status_code == 302
    seller.refresh_from_db()
    assert (seller.status, seller.status_reason) == (after, TYPED if act == "suspend" else "")
