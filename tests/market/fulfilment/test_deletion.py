"""Who deletes a service when it ends, for every kind of product, and that each notice and page says so and no more
(business-rules §2.1, §4.7, §5)."""

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
from tradepost.market.base import outbox
from tradepost.market.base.errors import Refused
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.deletion import DeletedBy, deleted_by
from tradepost.market.fulfilment.events import OperatorActed
from tradepost.market.notifications.messages import say
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.events import OrderRefunded, RefundPaid
from tradepost.market.orders.refund_models import Refund
from tradepost.market.product_types.registry import product_types
from tradepost.market.production import addresses
from tradepost.market.production.models import Address
from tradepost.market.subscriptions.events import SubscriptionReleased
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
BY_SELLER, BY_CLOUD = {"SAAS", "LICENSE"}, {"IMAGE"}
OF_A_SERVER = re.compile(r"interface|instance|seller (?:is asked|deletes|was asked)|seller's system", re.IGNORECASE)
DELETES = re.compile(r"delete", re.IGNORECASE)


def expected(code: str, mode: str) -> DeletedBy:
    if code in BY_CLOUD:
        return DeletedBy.IMAGE if mode == "PERIOD" else DeletedBy.CLOUD
    return DeletedBy.SELLER if code in BY_SELLER else DeletedBy.NOBODY


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_who_deletes_it(code: str, mode: str) -> None:
    assert deleted_by(service_of_kind(code, mode)) is expected(code, mode)


@pytest.mark.parametrize(
    ("proven", "by"), [(("releaseLicenseCode",), DeletedBy.SELLER), (("refreshLicenseCode",), DeletedBy.NOBODY)]
)
def test_of_a_code_the_seller_deletes_where_it_saved_a_case_for_the_release(proven: tuple[str], by: DeletedBy) -> None:
    """saas-v1-license B2.2: the interface is optional."""
    held = service_of_kind("LICENSE_CODE", "PERIOD")
    address = make_address(held.seller, protocol="license_code")
    addresses.bind(held.product, address)
    Address.objects.filter(pk=address.pk).update(proven=list(proven))
    assert deleted_by(fetched(held.pk)) is by


def refunded(held: Subscription, kind: str, minor: int) -> list[str]:
    """What buyer and seller read, the buyer first."""
    refund = Refund.objects.create(
        kind=kind, status="refunded", buyer=held.buyer, seller=held.seller, subscription=held, amount_minor=minor,
        currency="CNY", requested_at=NOW,
    )  # fmt: skip
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(RefundPaid(refund=refund.pk), now=NOW)
    react(now=NOW)
    told = Notice.objects.order_by("pk")
    with translation.override("en"):
        found = {one.user_id: str(say(one.kind, one.facts).body) for one in told}
    assert len(found) == 2, [one.kind for one in told]
    seller = held.seller.members.get().user_id
    return [found[held.buyer_id], found[seller]]


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_notices_of_a_refund_speak_of_an_interface_only_where_one_is_asked(code: str, mode: str) -> None:
    by, held = expected(code, mode), service_of_kind(code, mode)
    for kind, minor in _refunds_of(held):
        buyers, sellers = refunded(held, kind, minor)
        assert bool(OF_A_SERVER.search(sellers)) is (by is DeletedBy.SELLER), sellers
        if kind != "cancel_renewal":
            assert bool(DELETES.search(buyers)) is (by in {DeletedBy.SELLER, DeletedBy.CLOUD}), buyers
            assert ("server and its data stay" in buyers) is (by is DeletedBy.IMAGE), buyers


def _refunds_of(held: Subscription) -> list[tuple[str, int]]:
    """Kinds of refunds that such a service may have, with amounts."""
    if held.offer.charging.postpaid:
        return [("end", 0)]
    renewals = [("cancel_renewal", 100)] if held.expires_at else []
    return [("no_reason", 100), ("no_reason", 0), *renewals]


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_pages_of_a_refund_and_of_an_ended_service_say_who_deletes_it(code: str, mode: str) -> None:
    by, held = expected(code, mode), service_of_kind(code, mode)
    refund = Refund.objects.create(
        kind="end" if held.offer.charging.postpaid else "no_reason", status="refunded", buyer=held.buyer,
        seller=held.seller, subscription=held, amount_minor=0, currency="CNY", requested_at=NOW, ended_at=NOW,
    )  # fmt: skip
    client = Client(headers={"accept-language": "en"})
    client.force_login(held.buyer)
    page = text(client.get(reverse("storefront:refund", args=[refund.pk])))
    assert ("The seller is asked to delete it" in page) is (by is DeletedBy.SELLER)
    assert ("Your server and its data stay" in page) is (by is DeletedBy.IMAGE)
    Subscription.objects.filter(pk=held.pk).update(status="releasing")
    page = text(client.get(reverse("storefront:subscription", args=[held.pk])))
    assert ("The seller is asked to delete it" in page) is (by is DeletedBy.SELLER)
    assert ("The cloud deletes the server with its data" in page) is (by is DeletedBy.CLOUD)
    assert ("Your server and its data stay" in page) is (by is DeletedBy.IMAGE)


def test_a_service_that_was_never_opened_says_so_and_leads_to_its_order() -> None:
    held = service_of_kind("SAAS", "PERIOD")
    Subscription.objects.filter(pk=held.pk).update(status="failed")
    client = Client(headers={"accept-language": "en"})
    client.force_login(held.buyer)
    answer = client.get(reverse("storefront:subscription", args=[held.pk]))
    assert "This service was never opened." in text(answer)
    assert "This service has ended" not in text(answer)
    order = held.order_line_number.rpartition("-")[0]
    assert f'href="{reverse("storefront:order", args=[order])}">Open the order' in answer.content.decode()


def acted(held: Subscription, act: str, back_minor: int = 0) -> list[str]:
    """What the buyer (empty where nothing) and the seller read of an operator's act."""
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(
        OperatorActed(subscription=held.pk, act=act, reason="Spam", at=NOW, back_minor=back_minor), now=NOW
    )  # fmt: skip
    react(now=NOW)
    with translation.override("en"):
        found = {one.user_id: str(say(one.kind, one.facts).body) for one in Notice.objects.all()}
    return [found.get(held.buyer_id, ""), found[held.seller.members.get().user_id]]


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_notices_of_an_operators_act_promise_only_what_holds(code: str, mode: str) -> None:
    """operations.md §3: by the amount, the end and who deletes it."""
    by, held = expected(code, mode), service_of_kind(code, mode)
    for act in ("freeze", "lift", "release"):
        buyers, sellers = acted(held, act)
        assert bool(OF_A_SERVER.search(sellers)) is (by is DeletedBy.SELLER), sellers
        assert "Spam" in sellers
        if act == "freeze":
            assert ("Time that you paid for continues to run" in buyers) is (held.offer.renewable), buyers
        if act == "release":
            assert bool(DELETES.search(buyers)) is (by in {DeletedBy.SELLER, DeletedBy.CLOUD}), buyers
            assert "balance" not in buyers
            assert ("server and its data stay" in buyers) is (by is DeletedBy.IMAGE)
    assert "¥ 1.00" in acted(held, "release", 100)[0].replace("\xa0", " ")


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_an_operator_reads_what_the_act_does_to_what_was_bought(code: str, mode: str) -> None:
    by, held = expected(code, mode), service_of_kind(code, mode)
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    shown = client.get(reverse("console:service", args=[held.pk])).context
    frozen, ended = shown["freeze_text"], shown["release_text"]
    assert ("seller's server" in frozen) is (by is DeletedBy.SELLER)
    assert ("paid time runs on" in frozen) is held.offer.renewable
    assert ("seller deletes it" in ended) is (by is DeletedBy.SELLER)
    assert "No refund is due." in ended
    assert shown["lift_text"].startswith("It can be used again")
    answer = client.post(reverse("console:service_release", args=[held.pk]), {"reason": "Spam"}, follow=True)
    assert ("its seller is asked to delete it" in answer.content.decode()) is (by is DeletedBy.SELLER)


def test_a_refused_act_keeps_the_reason_that_the_operator_typed() -> None:
    held = service_of_kind("SAAS", "PERIOD")
    client = Client(headers={"accept-language": "en"})
    client.force_login(make_operator())
    with patch.object(by_operator, "_living", side_effect=Refused("service.not_in_use", "It is not in use.")):
        answer = client.post(reverse("console:service_freeze", args=[held.pk]), {"reason": "It sends spam."})
    assert answer.status_code == 409
    assert re.search(r'id="freeze-reason"[^>]*>\s*It sends spam\.', answer.content.decode())


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_an_order_that_was_not_delivered_blames_a_server_only_where_one_was_called(code: str, mode: str) -> None:
    """saas-v2 §3.10; business-rules §5: the operator's cloud makes servers."""
    held = service_of_kind(code, mode)
    react(now=NOW)
    Notice.objects.all().delete()
    number = held.order_line_number.rpartition("-")[0]
    outbox.publish(OrderRefunded(order=number, reason="capacity"), now=NOW)
    react(now=NOW)
    with translation.override("en"):
        found = {one.user_id: str(say(one.kind, one.facts).body) for one in Notice.objects.all()}
    buyers, sellers = found[held.buyer_id], found[held.seller.members.get().user_id]
    called = product_types()[code].needs_interface
    assert "seller's system" not in buyers
    assert ("as long as the plan allows" in sellers) is called, sellers
    if code in BY_CLOUD:
        paid = mode == "PERIOD"
        assert ("Nothing was charged" in buyers) is not paid
        assert ("refunded" in buyers) is paid
        assert sellers.endswith("No action is needed.")


@pytest.mark.parametrize(("code", "mode"), EVERY_KIND)
def test_the_end_of_a_service_names_a_deletion_only_where_something_is_deleted(code: str, mode: str) -> None:
    by, held = expected(code, mode), service_of_kind(code, mode)
    react(now=NOW)
    Notice.objects.all().delete()
    outbox.publish(SubscriptionReleased(subscription=held.pk, at=NOW), now=NOW)
    react(now=NOW)
    with translation.override("en"):
        told = [str(say(one.kind, one.facts).body) for one in Notice.objects.filter(kind__startswith="service_")]
    assert len(told) == (by is not DeletedBy.IMAGE)
    assert any(DELETES.search(body) for body in told) is (by in {DeletedBy.SELLER, DeletedBy.CLOUD})
