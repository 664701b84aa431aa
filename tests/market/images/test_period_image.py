"""Servers that run images: billed by the hour, or covered by a period image (business-rules §5; design money.md §4, §6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from tests.factories import make_buyer, make_offer
from tests.factories.images import (
    FULL_CLOUD,
    MEMORY,
    RULES,
    broken,
    go_to,
    make_idle_image,
    make_image,
    make_period_image,
    make_server,
    make_server_row,
    rest,
)
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Move
from tradepost.market.base.money import Money
from tradepost.market.billing import queries
from tradepost.market.billing.models import Charge
from tradepost.market.compute import observe
from tradepost.market.compute.events import TaskEnded
from tradepost.market.compute.models import SandboxServer, Server, Span, Task
from tradepost.market.fulfilment import by_operator
from tradepost.market.fulfilment.cloud_ended import on_task_ended
from tradepost.market.fulfilment.models import Operation
from tradepost.market.fulfilment.restart import restart
from tradepost.market.fulfilment.unsubscribe import Unsubscribe, unsubscribe
from tradepost.market.images import meter, servers
from tradepost.market.images.bind import bind
from tradepost.market.images.buyer_queries import images_of
from tradepost.market.images.models import ImageBinding, ImageTime, PeriodImage
from tradepost.market.images.servers import CreateServer, OrderForServer
from tradepost.market.metering.models import Record
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import PlaceOrder, place_order
from tradepost.market.orders.refund_terms import RefundRules, RefundWay, RefusalReason
from tradepost.market.orders.refunds import possible_refunds
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NINE = datetime(2027, 3, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
MIGRATION = import_module("tradepost.market.images.migrations.from_0_1.0003_images_of_a_buyer")
REFUNDS = RefundRules(no_reason_days=5, no_reason_per_year=10, negotiable_days=365)


def charged_minor() -> int:
    return sum(Charge.objects.values_list("minor", flat=True))


def check_books() -> None:
    assert meter.inconsistencies() == []
    assert queries.problems() == []
    assert ledger.verify().problems == ()


def test_running_server_is_billed_by_the_hour() -> None:
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    assert (server.status, server.service is not None) == ("running", True)
    assert server.service is not None
    assert (server.service.status, server.service.instance_id) == ("active", "")
    go_to(NINE + 3 * HOUR + 20 * MINUTE, NINE)
    assert [(record.quantity, record.push.api) for record in Record.objects.order_by("pk")] == [(10_000, "own")] * 3
    assert charged_minor() == 150
    check_books()


def test_repeated_event_of_an_ended_task_changes_nothing() -> None:
    """The operation no longer waits for the task, and events may be delivered twice."""
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    operation = Operation.objects.get(task__isnull=False)
    task = operation.task
    assert task is not None
    assert operation.status == Operation.Status.DONE
    before = Move.objects.count(), list(Operation.objects.values()), list(Subscription.objects.values())
    repeated = TaskEnded(task=task.pk, server=server.pk, owner=operation.pk, done=True, at=NINE)
    on_task_ended(repeated, NINE + HOUR)
    assert (Move.objects.count(), list(Operation.objects.values()), list(Subscription.objects.values())) == before


def test_hours_after_the_end_of_a_period_image_are_charged() -> None:
    """money.md §4: server 9:00–11:30, period image ends 10:20, .50/h: covered 1.3333; .6667 + .5000 → .58. From the end of the
    period image on, the hours are usage.
    """
    buyer = make_buyer(balance="500", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    assert (image.status, image.service.bound) == ("bound", True)
    Subscription.objects.filter(pk=image.pk).update(expires_at=NINE + 80 * MINUTE)
    go_to(NINE + 150 * MINUTE, NINE)
    servers.stop(buyer, server.pk, now=NINE + 150 * MINUTE)
    go_to(NINE + 5 * HOUR, NINE + 150 * MINUTE)
    assert [(time.quantity, time.image_id == image.pk) for time in ImageTime.objects.order_by("begin_at")] == [
        (10_000, True), (3_333, True), (6_667, False), (5_000, False),
    ]  # fmt: skip
    assert charged_minor() == 58
    check_books()


def test_buyer_is_notified_that_an_expired_image_is_billed() -> None:
    """§5: "if not renewed and the server keeps running … otherwise billed on-demand"; reminded 15, 7 and 1 days before."""
    buyer = make_buyer(balance="500", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    end = image.service.expires_at
    assert end is not None
    servers.stop(buyer, server.pk, now=NINE)  # so that only the last two hours of the month are counted
    rest(NINE)
    now = go_to(end - 2 * HOUR, NINE)
    servers.start(buyer, server.pk, now=now)
    go_to(end + 2 * HOUR + 16 * MINUTE, now)
    image.refresh_from_db()
    assert (image.status, Subscription.objects.get(pk=image.pk).status) == ("expired", "released")
    kinds = list(buyer.notices.order_by("pk").values_list("kind", flat=True))
    assert [kind for kind in kinds if kind.startswith("image")] == ["image_ends_soon"] * 3 + ["image_expired_billed"]
    assert charged_minor() == 100
    assert Server.objects.get(pk=server.pk).status == "running"
    check_books()


def test_replaced_disk_makes_the_image_idle_until_an_operator_binds_it() -> None:
    """§5: "replacing the system disk: period image becomes idle"; "binding an idle image to a new server needs a ticket"."""
    buyer, product = make_buyer(balance="500", now=NINE), make_image(now=NINE)
    server = make_server(buyer, product, now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    now = go_to(NINE + 90 * MINUTE, NINE)
    with pytest.raises(Refused, match=r"server\.agreement"):
        servers.replace_plain(buyer, server.pk, "ubuntu-24.04", MEMORY, agreed=False, now=now)
    servers.replace_plain(buyer, server.pk, "ubuntu-24.04", MEMORY, agreed=True, now=now)
    now = go_to(now + 30 * MINUTE, now)
    image.refresh_from_db()
    server.refresh_from_db()
    assert (image.status, server.status, server.service_id) == ("idle", "running", None)
    assert buyer.notices.filter(kind="image_idle").exists()
    with pytest.raises(Refused, match=r"image\.other_image"):
        bind(image, server, actor="operator", now=now, by_operator=True)
    other = make_server(buyer, product, name="web-2", now=now)
    now = go_to(now + HOUR, now)
    bind(image, other, actor="operator", now=now, by_operator=True)
    now = go_to(now + HOUR + 10 * MINUTE, now)
    assert ImageBinding.objects.get(to_at=None).server_id == other.pk
    assert buyer.notices.filter(kind="image_bound_again").exists()
    with pytest.raises(Refused, match=r"image\.not_idle"):
        bind(image, other, actor="operator", now=now)
    covered = [time.image_id == image.pk for time in ImageTime.objects.filter(server=other).order_by("begin_at")]
    assert covered == sorted(covered), "charged until the image was bound, covered afterwards"
    assert covered[-1]
    check_books()


def test_replacing_the_image_ends_the_service_of_the_first() -> None:
    """§5: billing "stops when … another product's image replaces it"."""
    buyer = make_buyer(balance="500", now=NINE)
    first, second = make_image(now=NINE), make_image(hour="2", now=NINE)
    server = make_server(buyer, first, now=NINE)
    before = server.service_id
    now = go_to(NINE + 90 * MINUTE, NINE)
    offer = make_offer(second, mode="ON_DEMAND")
    command = OrderForServer(product_id=offer.product_id, server=server.pk, agreed=True)
    servers.replace_with(buyer, command, rules=RULES, now=now)
    now = go_to(now + 2 * HOUR, now)
    server.refresh_from_db()
    assert server.service is not None
    assert server.service.product_id == second.pk
    assert Subscription.objects.get(pk=before or 0).status == "released"
    spans = list(Span.objects.order_by("from_at").values_list("service", "from_at", "to_at"))
    assert [(service, end is None) for service, _start, end in spans] == [(before, False), (server.service_id, True)]
    assert spans[0][2] == spans[1][1]
    go_to(now + HOUR, now)
    check_books()


@pytest.mark.slow
def test_arrears_stop_the_server_and_a_payment_starts_it() -> None:
    """§4.4, §5: "arrears stop it"; V0 is frozen at once, and deleted a day later."""
    buyer = make_buyer(balance="0.50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    now = go_to(NINE + 2 * HOUR + 20 * MINUTE, NINE)
    server.refresh_from_db()
    assert (server.status, server.service.status) == ("stopped", "frozen")  # type: ignore[union-attr]
    with pytest.raises(Refused, match=r"server\.frozen"):
        servers.start(buyer, server.pk, now=now)
    ledger.top_up(buyer, Money.of(2, "CNY"), reference="BANK-1", actor="op", now=now)
    now = go_to(now + MINUTE, now)
    server.refresh_from_db()
    assert (server.status, server.service.status) == ("running", "active")  # type: ignore[union-attr]
    now = go_to(now + 10 * HOUR, now)
    server.refresh_from_db()
    assert server.status == "stopped"
    go_to(now + 26 * HOUR, now)
    server.refresh_from_db()
    assert server.status == "released"
    assert SandboxServer.objects.get(token=server.provider_id).deleted
    check_books()


def test_server_stopped_by_its_buyer_stays_stopped_after_a_freeze() -> None:
    buyer = make_buyer(balance="5", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    servers.stop(buyer, server.pk, now=NINE)
    rest(NINE)
    by_operator.freeze(server.service, reason="Complaint", actor="op", now=NINE)  # type: ignore[arg-type]
    rest(NINE)
    by_operator.lift(server.service, reason="Settled", actor="op", now=NINE)  # type: ignore[arg-type]
    rest(NINE)
    server.refresh_from_db()
    assert (server.status, server.service.status) == ("stopped", "active")  # type: ignore[union-attr]


def test_unhealthy_server_is_not_billed() -> None:
    """§5: "billed while the server is healthy"."""
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    now = go_to(NINE + 30 * MINUTE, NINE)
    broken(server, "broken")
    observe.observe_server(server, now=now)
    now = go_to(now + HOUR, now)
    server.refresh_from_db()
    assert server.status == "broken"
    broken(server, "")
    observe.observe_server(server, now=now)
    go_to(now + 2 * HOUR, now)
    assert [(span.healthy, span.to_at is None) for span in Span.objects.order_by("from_at")] == [
        (True, False), (False, False), (True, True),
    ]  # fmt: skip
    assert [time.quantity for time in ImageTime.objects.order_by("begin_at")] == [5_000, 5_000, 10_000]
    check_books()


def test_failed_creation_costs_nothing_and_is_cleaned_up() -> None:
    """§4.2: an order that cannot be delivered is refunded, here without money. A partly created server is deleted."""
    buyer, product = make_buyer(balance="50", now=NINE), make_image(now=NINE)
    offer = make_offer(product, mode="ON_DEMAND")
    command = CreateServer(product_id=offer.product_id, name="web-1", size="s1", agreed=True)
    order = servers.create_server(buyer, command, FULL_CLOUD, rules=RULES, now=NINE)
    go_to(NINE + 40 * MINUTE, NINE)
    order.refresh_from_db()
    assert (Server.objects.get().status, order.status) == ("failed", "refunded")
    assert list(Task.objects.order_by("pk").values_list("action", "status", "tries")) == [
        ("create", "gave_up", 8), ("release", "done", 1),
    ]  # fmt: skip
    assert Task.objects.earliest("pk").error == "no room for a server"
    assert not Record.objects.exists()


def test_failed_stop_waits_for_a_restart_by_an_operator() -> None:
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    broken(server, "refuses")
    servers.stop(buyer, server.pk, now=NINE)
    with pytest.raises(Refused, match=r"server\.busy"):
        servers.release(buyer, server.pk, agreed=True, now=NINE)
    now = go_to(NINE + HOUR, NINE)
    operation = Operation.objects.get(kind="stop_server")
    assert (operation.status, operation.task.status) == ("stopped", "gave_up")  # type: ignore[union-attr]
    broken(server, "")
    restart(operation, actor="op", now=now)
    rest(now)
    server.refresh_from_db()
    operation.refresh_from_db()
    assert (server.status, operation.status) == ("stopped", "done")


def test_release_ends_billing_and_the_unused_period_is_refunded() -> None:
    """§4.7 images: full refund within five days; later 300, 7 of 31 days used → 232.26; no refund while a server uses the image."""
    buyer, product = make_buyer(balance="700", now=NINE), make_image(now=NINE)
    server = make_server(buyer, product, now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    now = go_to(NINE + HOUR, NINE)
    assert possible_refunds(image.service, REFUNDS, now=now).why is RefusalReason.BOUND
    servers.release(buyer, server.pk, agreed=True, now=now)
    rest(now)
    service = Subscription.objects.select_related("buyer", "product", "offer").get(pk=image.pk)
    [full_refund] = possible_refunds(service, REFUNDS, now=now).ways
    assert (full_refund.way, full_refund.back.minor) == (RefundWay.NO_REASON, 300_00)
    later = NINE + 7 * DAY
    [partial_refund] = possible_refunds(service, REFUNDS, now=later).ways
    assert (partial_refund.way, partial_refund.back.minor) == (RefundWay.UNUSED, 232_26)
    command = Unsubscribe(subscription=service.pk, way="unused", back_minor=232_26, agreed=True)
    unsubscribe(buyer, command, rules=REFUNDS, now=later)
    rest(later)
    image.refresh_from_db()
    assert image.status == "refunded"
    assert balance(buyer, "CNY").minor == 700_00 - 300_00 + 232_26
    check_books()


def test_period_image_needs_an_own_server_that_runs_it() -> None:
    buyer, product = make_buyer(balance="700", now=NINE), make_image(now=NINE)
    server = make_server(buyer, product, now=NINE)
    offer = make_offer(product, mode="PERIOD")
    other = make_server(buyer, make_image(now=NINE), name="other", now=NINE)
    orders = Order.objects.count()
    wrong_server = OrderForServer(product_id=offer.product_id, server=other.pk, agreed=True)
    with pytest.raises(Refused, match=r"server\.server"):
        servers.buy_image(buyer, wrong_server, rules=RULES, now=NINE)
    with pytest.raises(Server.DoesNotExist):
        servers.buy_image(make_buyer(now=NINE), wrong_server, rules=RULES, now=NINE)
    with pytest.raises(Refused, match=r"order\.server"):
        place_order(buyer, PlaceOrder(product_id=offer.product_id, agreed=True), now=NINE, unpaid_timeout=DAY)
    assert Order.objects.count() == orders
    command = OrderForServer(product_id=offer.product_id, server=server.pk, agreed=True)
    servers.buy_image(buyer, command, rules=RULES, now=NINE)
    with pytest.raises(Refused, match=r"server\.server"):
        servers.buy_image(buyer, command, rules=RULES, now=NINE)  # an unpaid order exists
    assert Order.objects.count() == orders + 1


def test_migration_lists_an_image_for_the_buyer_of_its_service() -> None:
    buyer = make_buyer(balance="1000")
    image = make_idle_image(buyer, make_server_row(buyer, make_image()))
    assert [row.image for row in images_of(buyer)] == [image]
    PeriodImage.objects.update(buyer=make_buyer())
    assert images_of(buyer) == []
    with connection.cursor() as cursor:
        cursor.execute(MIGRATION.OF_ITS_SERVICE)
    assert [row.image for row in images_of(buyer)] == [image]
