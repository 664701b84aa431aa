"""Who deletes a service when it ends, by kind of product; notices and pages name exactly that (business-rules §2.1,
§4.7, §5)."""

from __future__ import annotations

import re
from unittest.mock import patch

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import NOW, make_address, make_operator
from tests.factories.every_kind import EVERY_KIND, fetched, service_of_kind
from tests.market.engine import react
from tests.market.fulfilment.deleting import BY_CLOUD, expected_deleter
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.events import OperatorActed
from tradepost.market.notifications.messages import render_notice
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderRefunded, RefundPaid
from tradepost.market.orders.refund_models import Refund
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
OF_A_SERVER = re.compile(r"interface|instance|seller (?:is asked|deletes|was asked)|seller's system", re.IGNORECASE)
DELETES = re.compile(r"delete", re.IGNORECASE)


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_deleter_follows_product_type_and_mode(code: str, mode: str) -> None:
    assert deleted_by(service_of_kind(code, mode)) is expected_deleter(code, mode)


@pytest.mark.parametrize(
    ("proven", "by"), [(("releaseLicenseCode",), DeletedBy.SELLER), (("refreshLicenseCode",), DeletedBy.NOBODY)]
)
def test_code_is_deleted_by_the_seller_only_with_a_saved_release_case(proven: tuple[str], by: DeletedBy) -> None:
    """saas-v1-license B2.2: the interface is optional."""
    subscription = service_of_kind("LICENSE_CODE", "PERIOD")
    address = make_address(subscription.seller, protocol="license_code")
    addresses.bind(subscription.product, address)
    Address.objects.filter(pk=address.pk).update(proven=list(proven))
    assert deleted_by(fetched(subscription.pk)) is by


def refunded(subscription: Subscription, kind: str, minor: int) -> list[str]:
    """Return the notices of this refund, the buyer's first."""
    refund = Refund.objects.create(
        kind=kind, status="refunded", buyer=subscription.buyer, seller=subscription.seller, subscription=subscription, amount_minor=minor,
        currency="CNY", requested_at=NOW,
    )  # fmt: skip
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(RefundPaid(refund=refund.pk), now=NOW)
    react(now=NOW)
    notices = Notice.objects.order_by("pk")
    with translation.override("en"):
        texts = {one.user_id: str(render_notice(one.kind, one.facts).body) for one in notices}
    assert len(texts) == 2, [one.kind for one in notices]
    seller = subscription.seller.members.get().user_id
    return [texts[subscription.buyer_id], texts[seller]]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_refund_notices_mention_the_interface_only_where_it_is_called(code: str, mode: str) -> None:
    deleter, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    for kind, minor in _refunds_of(subscription):
        buyers, sellers = refunded(subscription, kind, minor)
        assert bool(OF_A_SERVER.search(sellers)) is (deleter is DeletedBy.SELLER), sellers
        if kind != "cancel_renewal":
            assert bool(DELETES.search(buyers)) is (deleter in {DeletedBy.SELLER, DeletedBy.CLOUD}), buyers
            assert ("server and its data are kept" in buyers) is (deleter is DeletedBy.IMAGE), buyers


def _refunds_of(subscription: Subscription) -> list[tuple[str, int]]:
    """The kinds of refunds that this service may have, with amounts."""
    if subscription.offer.charging.postpaid:
        return [("end", 0)]
    renewals = [("cancel_renewal", 100)] if subscription.expires_at else []
    return [("no_reason", 100), ("no_reason", 0), *renewals]


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_pages_of_refunded_and_ended_services_name_the_deleter(code: str, mode: str) -> None:
    by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    refund = Refund.objects.create(
        kind="end" if subscription.offer.charging.postpaid else "no_reason", status="refunded", buyer=subscription.buyer,
        seller=subscription.seller, subscription=subscription, amount_minor=0, currency="CNY", requested_at=NOW, ended_at=NOW,
    )  # fmt: skip
    client = Client(headers={"accept-language": "en"})
    client.force_login(subscription.buyer)
    page = text(client.get(reverse("storefront:refund", args=[refund.pk])))
    assert ("The seller is being notified to delete it" in page) is (by is DeletedBy.SELLER)
    assert ("Your server and its data are kept" in page) is (by is DeletedBy.IMAGE)
    Subscription.objects.filter(pk=subscription.pk).update(status="releasing")
    page = text(client.get(reverse("storefront:subscription", args=[subscription.pk])))
    assert ("The seller is asked to delete it" in page) is (by is DeletedBy.SELLER)
    assert ("The cloud is deleting the server and its data" in page) is (by is DeletedBy.CLOUD)
    assert ("Your server and its data are kept" in page) is (by is DeletedBy.IMAGE)


def test_unopened_service_says_so_and_links_to_its_order() -> None:
    subscription = service_of_kind("SAAS", "PERIOD")
    Subscription.objects.filter(pk=subscription.pk).update(status="failed")
    client = Client(headers={"accept-language": "en"})
    client.force_login(subscription.buyer)
    response = client.get(reverse("storefront:subscription", args=[subscription.pk]))
    assert "This service was never opened." in text(response)
    assert "This service has ended" not in text(response)
    order = subscription.order_line_number.rpartition("-")[0]
    assert f'href="{reverse("storefront:order", args=[order])}">Open the order' in response.content.decode()


def notices_of_act(subscription: Subscription, act: str, back_minor: int = 0) -> list[str]:
    """Return the notices of an operator's act: the buyer's (empty if none) and the seller's."""
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(
        OperatorActed(subscription=subscription.pk, act=act, reason="Spam", at=NOW, back_minor=back_minor), now=NOW
    )  # fmt: skip
    react(now=NOW)
    with translation.override("en"):
        texts = {notice.user_id: str(render_notice(notice.kind, notice.facts).body) for notice in Notice.objects.all()}
    return [texts.get(subscription.buyer_id, ""), texts[subscription.seller.members.get().user_id]]


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_operator_act_notices_state_only_its_effects(code: str, mode: str) -> None:
    """operations.md §3: by the refunded amount, the end and the deleter."""
    by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    for act in ("freeze", "lift", "release"):
        buyers, sellers = notices_of_act(subscription, act)
        assert bool(OF_A_SERVER.search(sellers)) is (by is DeletedBy.SELLER), sellers
        assert "Spam" in sellers
        if act == "freeze":
            assert ("Time that you paid for continues to run" in buyers) is (subscription.offer.renewable), buyers
        if act == "release":
            assert bool(DELETES.search(buyers)) is (by in {DeletedBy.SELLER, DeletedBy.CLOUD}), buyers
            assert "balance" not in buyers
            assert ("server and its data are kept" in buyers) is (by is DeletedBy.IMAGE)
    assert "¥ 1.00" in notices_of_act(subscription, "release", 100)[0].replace("\xa0", " ")


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_operator_page_states_the_effects_of_the_act(code: str, mode: str) -> None:
    by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    context = client.get(reverse("console:service", args=[subscription.pk])).context
    frozen, ended = context["freeze_text"], context["release_text"]
    assert ("seller's server" in frozen) is (by is DeletedBy.SELLER)
    assert ("paid period continues to run" in frozen) is subscription.offer.renewable
    assert ("seller deletes it" in ended) is (by is DeletedBy.SELLER)
    assert "No refund is due." in ended
    assert "can be used again" in context["lift_text"]
    response = client.post(reverse("console:service_release", args=[subscription.pk]), {"reason": "Spam"}, follow=True)
    assert ("its seller is asked to delete it" in response.content.decode()) is (by is DeletedBy.SELLER)


def test_refused_act_keeps_the_typed_reason() -> None:
    subscription = service_of_kind("SAAS", "PERIOD")
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    with patch.object(by_operator, "_active_service", side_effect=Refused("service.not_in_use", "It is not in use.")):
        response = client.post(reverse("console:service_freeze", args=[subscription.pk]), {"reason": "It sends spam."})
    assert response.status_code == 422
    assert re.search(r'id="freeze-reason"[^>]*>\s*It sends spam\.', response.content.decode())


@pytest.mark.slow
@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_undelivered_order_names_a_server_only_where_one_was_called(code: str, mode: str) -> None:
    """saas-v2 §3.10; business-rules §5: the operator's cloud makes servers."""
    subscription = service_of_kind(code, mode)
    react(now=NOW)
    Notice.objects.all().delete()
    number = subscription.order_line_number.rpartition("-")[0]
    outbox.publish(OrderRefunded(order=number, reason="capacity"), now=NOW)
    react(now=NOW)
    with translation.override("en"):
        texts = {notice.user_id: str(render_notice(notice.kind, notice.facts).body) for notice in Notice.objects.all()}
    buyers, sellers = texts[subscription.buyer_id], texts[subscription.seller.members.get().user_id]
    calls_seller = product_types()[code].needs_interface
    assert "seller's system" not in buyers
    assert ("until the retry plan ended" in sellers) is calls_seller, sellers
    if code in BY_CLOUD:
        paid = mode == "PERIOD"
        assert ("Nothing was charged" in buyers) is not paid
        assert ("refunded" in buyers) is paid
        assert sellers.endswith("No action is needed.")


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_end_notices_mention_deletion_only_where_something_is_deleted(code: str, mode: str) -> None:
    by, subscription = expected_deleter(code, mode), service_of_kind(code, mode)
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(SubscriptionReleased(subscription=subscription.pk, at=NOW), now=NOW)
    react(now=NOW)
    with translation.override("en"):
        texts = [
            str(render_notice(notice.kind, notice.facts).body)
            for notice in Notice.objects.filter(kind__startswith="service_")
        ]
    assert len(texts) == (by is not DeletedBy.IMAGE)
    assert any(DELETES.search(body) for body in texts) is (by in {DeletedBy.SELLER, DeletedBy.CLOUD})
