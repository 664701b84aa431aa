"""A buyer ends a pay-per-use service and sees its last charge before (business-rules §3.2, §4.7, §4.8)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import NOW
from tests.factories.images import make_image, make_server_row
from tests.factories.metering import ZONE, item, make_metered, make_package, on_demand, package, push
from tests.factories.people import make_buyer
from tests.market.engine import react
from tests.market.fulfilment.services import again
from tradepost.market.base import clock
from tradepost.market.billing.charge import charge
from tradepost.market.billing.last_charge import LastCharge, last_charge
from tradepost.market.billing.models import Charge
from tradepost.market.catalog.document import Price, UsageBand
from tradepost.market.catalog.price_models import PriceModel
from tradepost.market.fulfilment.models import Operation
from tradepost.market.identity.models import User
from tradepost.market.metering import collect
from tradepost.market.metering.measured import MeasuredUsage, store
from tradepost.market.metering.models import Record
from tradepost.market.metering.void import void
from tradepost.market.notifications.models import Notice
from tradepost.market.orders.models import Order, OrderLine
from tradepost.market.orders.refund_models import Refund
from tradepost.market.payments import ledger
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
BANDS = (UsageBand(upto=Decimal(3), amount=Decimal("0.30")), UsageBand(amount=Decimal("0.20")))
WORDS = {
    "en": ("Last charge", "Reported and not charged yet", "Ending the service does not cancel this debt"),
    "zh-hans": ("最后一次计费", "已上报未计费", "结束服务后仍需支付"),
}


def client_of(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode())).replace("\xa0", " ")


def metered(price: Price | None = None, *, buyer: User | None = None, packages: tuple[Price, ...] = ()) -> Subscription:
    """A service that began ten hours ago."""
    began = (clock.now() - 10 * HOUR).replace(minute=0, second=0, microsecond=0)
    price = price or on_demand(amount=Decimal("1.50"))
    return make_metered(price=price, buyer=buyer, packages=packages, started_at=began)


def report_usage(service: Subscription, *values: str, after: int = 0) -> None:
    assert service.started_at is not None
    began = service.started_at + after * HOUR
    push(service.seller, [item(service, began + n * HOUR, value) for n, value in enumerate(values)], now=clock.now())


def estimate(service: Subscription) -> LastCharge:
    charge_estimate = last_charge(service, zone=ZONE, now=clock.now())
    assert charge_estimate is not None
    return charge_estimate


def test_collected_but_uncharged_usage_is_part_of_the_estimate() -> None:
    """§4.8: a collection is charged in shards; between its close and this service's shard the usage is neither new nor
    charged."""
    service = metered()
    report_usage(service, "2")
    charge_collection()
    report_usage(service, "3", after=1)
    collection = collect.close("hour", now=clock.now())
    assert collection is not None
    assert estimate(service).amount.minor == 450
    report_usage(service, "1", after=2)
    assert estimate(service).amount.minor == 600
    charge(collection, now=clock.now())
    assert estimate(service).amount.minor == 150


def test_late_usage_does_not_move_the_reported_time_back() -> None:
    service = metered()
    assert service.started_at is not None
    report_usage(service, "2", "1", after=3)
    report_usage(service, "2")
    assert estimate(service).reported_until == service.started_at + 5 * HOUR


@pytest.mark.parametrize(("language", "label"), [("en", "To be credited"), ("zh-hans", "待退回")])
def test_negative_estimate_is_a_credit(language: str, label: str) -> None:
    """A voided record removes more than was reported since."""
    service = metered()
    report_usage(service, "2")
    charge_collection()
    void(Record.objects.get(), reason="twice", actor="li", within=366 * 24 * HOUR, zone=ZONE, now=clock.now())
    page = text(client_of(service.buyer, language).get(end_page(service)))
    assert (label in page, "¥ 3.00" in page, "-" in page.partition("3.00")[0][-5:], "− 3.00" in page) == (
        True, True, False, False,
    )  # fmt: skip
    assert WORDS[language][1] not in page


@pytest.mark.parametrize("page", ["release", "replace"])
@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Last charge", "Measured and not charged yet", "Usage until now is still charged")),
        ("zh-hans", ("最后一次计费", "已计量未计费", "此前已使用的部分仍会计费")),
    ],
)
def test_server_shows_the_last_charge_of_its_image(page: str, language: str, words: tuple[str, ...]) -> None:
    """business-rules §5: an image is billed while its server runs; measured hours are charged even after the server is
    removed."""
    server = make_server_row(make_buyer(balance="100"), make_image(), now=NOW)
    service = server.service
    assert service is not None
    client = client_of(server.buyer, language)
    server_page = reverse(f"storefront:server_{page}", args=[server.pk])
    nothing = text(client.get(server_page))
    assert words[1] not in nothing
    ran = MeasuredUsage(
        seller=service.seller_id, subscription=service.pk, begin_at=NOW, end_at=NOW + 2 * HOUR, quantity=20_000
    )
    store([ran], zone=ZONE, now=NOW + 2 * HOUR)
    shown = text(client.get(server_page))
    assert all(word in shown for word in words)
    assert "¥ 1.00" in shown
    assert charge_collection() == 100


def charge_collection() -> int:
    """Close the open collection and charge it; return the sum of its charges."""
    collection = collect.close("hour", now=clock.now())
    assert collection is not None
    charge(collection, now=clock.now())
    return sum(Charge.objects.filter(collection=collection).values_list("minor", flat=True))


def end_page(service: Subscription) -> str:
    return reverse("storefront:unsubscribe", args=[service.pk])


def end_service(client: Client, service: Subscription, **data: str):
    return client.post(end_page(service), {"way": "end", "back": "0", "once": "a", "agreed": "on"} | data)


@pytest.mark.parametrize("language", WORDS)
def test_page_shows_the_last_charge_that_is_then_charged(language: str) -> None:
    service = metered()
    client = client_of(service.buyer, language)
    report_usage(service, "2", "1")
    charge_collection()
    report_usage(service, "3", after=2)
    assert (
        f'href="{end_page(service)}"'
        in client.get(reverse("storefront:subscription", args=[service.pk])).content.decode()
    )
    page = text(client.get(end_page(service)))
    assert all(words in page for words in WORDS[language][:2])
    assert "¥ 4.50" in page
    before = ledger.buyer_account(service.buyer, "CNY").balance
    answer = end_service(client, service)
    refund = Refund.objects.get()
    assert answer["Location"] == reverse("storefront:refund", args=[refund.pk])
    assert (refund.kind, refund.total.minor) == ("end", 0)
    assert client.get(answer["Location"]).status_code == 200
    assert ledger.buyer_account(service.buyer, "CNY").balance == before
    assert charge_collection() == 450


def test_service_ends_once_its_seller_deletes_it_and_both_are_notified() -> None:
    service = metered()
    client = client_of(service.buyer)
    first, second = (end_service(client, service)["Location"] for _ in range(2))
    assert first == second
    assert again(service).status == Subscription.Status.RELEASING
    [release] = Operation.objects.filter(subscription=service, kind="release")
    assert release.origin == Operation.Origin.BUYER
    assert Order.objects.filter(order_type="UNSUBSCRIBE").count() == 1
    assert not OrderLine.objects.filter(number=service.order_line_number, status="refunded").exists()
    react(now=clock.now())
    assert [notice.kind for notice in Notice.objects.filter(user=service.buyer) if "ended" in notice.kind] == [
        "usage_service_ended"
    ]
    assert "This service has ended." in text(client.get(end_page(service)))
    assert end_service(client, service, once="b").status_code == 422


@pytest.mark.parametrize(("data", "status"), [({"agreed": ""}, 422), ({"way": "no_reason"}, 422), ({"back": "1"}, 422)])
def test_refusal_changes_nothing(data: dict[str, str], status: int) -> None:
    service = metered()
    assert end_service(client_of(service.buyer), service, **data).status_code == status
    assert again(service).status == Subscription.Status.ACTIVE
    assert (Refund.objects.count(), Operation.objects.filter(kind="release").count()) == (0, 0)


def test_only_the_buyer_ends_the_service() -> None:
    service = metered()
    assert end_service(client_of(make_buyer()), service).status_code == 404
    assert again(service).status == Subscription.Status.ACTIVE


@pytest.mark.parametrize("language", WORDS)
def test_buyer_in_debt_may_end_it_and_reads_that_the_debt_remains(language: str) -> None:
    service = metered(buyer=make_buyer(balance="1"))
    client = client_of(service.buyer, language)
    report_usage(service, "2")
    charge_collection()
    assert WORDS[language][2] in text(client.get(end_page(service)))
    assert end_service(client, service).status_code == 302
    assert Charge.objects.get().open_minor == 200


def test_order_in_progress_comes_first() -> None:
    service = metered()
    order = Order.objects.get(lines__number=service.order_line_number)
    Order.objects.filter(pk=order.pk).update(status="processing")
    line = OrderLine.objects.get(number=service.order_line_number)
    line.pk, line.number, line.status = None, f"{line.number}-2", "processing"
    other = Order.objects.get(pk=order.pk)
    other.pk, other.number, other.order_type, other.status = None, "CS-BUSY", Order.Type.CHANGE, "processing"
    other.idempotency_key = ""
    other.save()
    line.order = other
    line.save()
    page = client_of(service.buyer).get(end_page(service))
    assert reverse("storefront:order", args=["CS-BUSY"]) in page.content.decode()
    assert end_service(client_of(service.buyer), service).status_code == 422
    assert again(service).status == Subscription.Status.ACTIVE


def test_lost_packages_are_named() -> None:
    service = metered(on_demand(amount=Decimal(1)), packages=(package(100),))
    make_package(service, now=clock.now() - HOUR)
    report_usage(service, "2")
    page = text(client_of(service.buyer).get(end_page(service)))
    assert "at most" in page
    assert "100 of 100 left" in page


def test_batch_page_links_to_the_page_of_each_service() -> None:
    service = metered()
    client = client_of(service.buyer)
    preview = client.get(reverse("storefront:batch"), {"act": "unsubscribe", "service": str(service.pk)})
    assert "End the service on its own page" in text(preview)
    answer = client.post(
        reverse("storefront:batch"),
        {"act": "unsubscribe", "service": service.pk, f"option_{service.pk}": "end/0", "agreed": "on"},
    )
    assert "End the service on its own page" in text(answer)
    assert again(service).status == Subscription.Status.ACTIVE
    assert (Refund.objects.count(), Operation.objects.filter(kind="release").count()) == (0, 0)


@pytest.mark.parametrize(
    "price",
    [
        on_demand(amount=Decimal("0.0012")),
        on_demand(model=PriceModel.TIER, accumulation="month", amount=None, bands=BANDS),
        on_demand(model=PriceModel.STEP, accumulation="day", amount=None, bands=BANDS),
        on_demand(model=PriceModel.TIER, accumulation="", amount=None, bands=BANDS),
    ],
)
def test_estimate_is_the_next_charge_for_any_price_model(price: Price) -> None:
    """§3.3: it is computed like the charge, based on the previous charges."""
    service = metered(price)
    report_usage(service, "2.5", "4")
    charge_collection()
    report_usage(service, "3", "0.5", "8", after=2)
    charge_estimate = last_charge(service, zone=ZONE, now=clock.now())
    assert charge_estimate is not None
    assert (charge_estimate.amount.minor, charge_estimate.quantity) == (charge_collection(), Decimal("11.5"))
    after = last_charge(service, zone=ZONE, now=clock.now())
    assert after is not None
    assert after.amount.minor == 0
