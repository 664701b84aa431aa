"""Servers that run images: billed by the hour, or covered by a period image (business-rules §5; design money.md §4, §6)."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.factories import make_buyer, make_offer
from tests.factories.images import (
    FULL,
    MEMORY,
    RULES,
    broken,
    go_to,
    make_image,
    make_period_image,
    make_server,
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
from tradepost.market.images.models import ImageBinding, ImageTime
from tradepost.market.images.servers import CreateServer, ForServer
from tradepost.market.metering.models import Record
from tradepost.market.orders.models import Order
from tradepost.market.orders.place import PlaceOrder, place_order
from tradepost.market.orders.refund_terms import Rules, Way, Why
from tradepost.market.orders.refunds import what_may
from tradepost.market.payments import ledger
from tradepost.market.payments.queries import balance
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NINE = datetime(2027, 3, 1, 9, tzinfo=ZoneInfo("Asia/Shanghai"))
REFUNDS = Rules(no_reason_days=5, no_reason_per_year=10, negotiable_days=365)


def charged() -> int:
    return sum(Charge.objects.values_list("minor", flat=True))


def holds() -> None:
    assert meter.problems() == []
    assert queries.problems() == []
    assert ledger.verify().problems == ()


def test_a_server_is_created_runs_and_is_billed_by_the_hour() -> None:
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    assert (server.status, server.service is not None) == ("running", True)
    assert server.service is not None
    assert (server.service.status, server.service.instance_id) == ("active", "")
    go_to(NINE + 3 * HOUR + 20 * MINUTE, NINE)
    assert [(one.quantity, one.push.api) for one in Record.objects.order_by("pk")] == [(10_000, "own")] * 3
    assert charged() == 150
    holds()


def test_a_task_that_ended_changes_nothing_when_it_is_told_again() -> None:
    """Its operation waits for it no more, and events may come twice."""
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    operation = Operation.objects.get(task__isnull=False)
    task = operation.task
    assert task is not None
    assert operation.status == Operation.Status.DONE
    before = Move.objects.count(), list(Operation.objects.values()), list(Subscription.objects.values())
    again = TaskEnded(task=task.pk, server=server.pk, owner=operation.pk, done=True, at=NINE)
    on_task_ended(again, NINE + HOUR)
    assert (Move.objects.count(), list(Operation.objects.values()), list(Subscription.objects.values())) == before


def test_a_period_image_that_runs_out_under_a_running_server() -> None:
    """money.md §4: server 9:00–11:30, period image ends 10:20, .50/h: covered 1.3333; .6667 + .5000 → .58. Nothing special
    happens at its end: from that minute on the hours are usage."""
    buyer = make_buyer(balance="500", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    assert (image.status, image.service.bound) == ("bound", True)
    Subscription.objects.filter(pk=image.pk).update(expires_at=NINE + 80 * MINUTE)
    go_to(NINE + 150 * MINUTE, NINE)
    servers.stop(buyer, server.pk, now=NINE + 150 * MINUTE)
    go_to(NINE + 5 * HOUR, NINE + 150 * MINUTE)
    assert [(one.quantity, one.image_id == image.pk) for one in ImageTime.objects.order_by("begin_at")] == [
        (10_000, True), (3_333, True), (6_667, False), (5_000, False),
    ]  # fmt: skip
    assert charged() == 58
    holds()


def test_not_renewed_it_ends_and_its_buyer_is_told_that_the_hours_cost() -> None:
    """§5: "if not renewed and the server keeps running … otherwise billed on-demand"; reminded 15, 7 and 1 days before."""
    buyer = make_buyer(balance="500", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    end = image.service.expires_at
    assert end is not None
    servers.stop(buyer, server.pk, now=NINE)  # so that no hour of the month is counted: only its last two are
    rest(NINE)
    now = go_to(end - 2 * HOUR, NINE)
    servers.start(buyer, server.pk, now=now)
    go_to(end + 2 * HOUR + 16 * MINUTE, now)
    image.refresh_from_db()
    assert (image.status, Subscription.objects.get(pk=image.pk).status) == ("expired", "released")
    told = list(buyer.notices.order_by("pk").values_list("kind", flat=True))
    assert [kind for kind in told if kind.startswith("image")] == ["image_ends_soon"] * 3 + ["image_expired_billed"]
    assert charged() == 100
    assert Server.objects.get(pk=server.pk).status == "running"
    holds()


def test_another_disk_leaves_it_idle_until_an_operator_binds_it_again() -> None:
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
    covered = [one.image_id == image.pk for one in ImageTime.objects.filter(server=other).order_by("begin_at")]
    assert covered == sorted(covered), "charged until it was bound, covered from then on"
    assert covered[-1]
    holds()


def test_another_image_of_the_store_replaces_the_first_whose_service_ends() -> None:
    """§5: billing "stops when … another product's image replaces it"."""
    buyer = make_buyer(balance="500", now=NINE)
    first, second = make_image(now=NINE), make_image(hour="2", now=NINE)
    server = make_server(buyer, first, now=NINE)
    before = server.service_id
    now = go_to(NINE + 90 * MINUTE, NINE)
    offer = make_offer(second, mode="ON_DEMAND")
    command = ForServer(product_id=offer.product_id, server=server.pk, agreed=True)
    servers.replace_with(buyer, command, rules=RULES, now=now)
    now = go_to(now + 2 * HOUR, now)
    server.refresh_from_db()
    assert server.service is not None
    assert server.service.product_id == second.pk
    assert Subscription.objects.get(pk=before or 0).status == "released"
    spans = list(Span.objects.order_by("from_at").values_list("service", "from_at", "to_at"))
    assert [(one[0], one[2] is None) for one in spans] == [(before, False), (server.service_id, True)]
    assert spans[0][2] == spans[1][1]
    go_to(now + HOUR, now)
    holds()


def test_arrears_stop_the_server_and_a_payment_starts_it_again() -> None:
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
    holds()


def test_what_its_buyer_stopped_stays_stopped_when_a_freeze_ends() -> None:
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


def test_an_unhealthy_server_is_not_billed() -> None:
    """§5: "billed while the server is healthy"."""
    buyer = make_buyer(balance="50", now=NINE)
    server = make_server(buyer, make_image(now=NINE), now=NINE)
    now = go_to(NINE + 30 * MINUTE, NINE)
    broken(server, "broken")
    observe.look(server, now=now)
    now = go_to(now + HOUR, now)
    server.refresh_from_db()
    assert server.status == "broken"
    broken(server, "")
    observe.look(server, now=now)
    go_to(now + 2 * HOUR, now)
    assert [(one.healthy, one.to_at is None) for one in Span.objects.order_by("from_at")] == [
        (True, False), (False, False), (True, True),
    ]  # fmt: skip
    assert [one.quantity for one in ImageTime.objects.order_by("begin_at")] == [5_000, 5_000, 10_000]
    holds()


def test_a_cloud_that_does_not_create_a_server_costs_nothing_and_leaves_nothing() -> None:
    """§4.2: what cannot be delivered is paid back; of nothing here. What may have been made is deleted."""
    buyer, product = make_buyer(balance="50", now=NINE), make_image(now=NINE)
    offer = make_offer(product, mode="ON_DEMAND")
    command = CreateServer(product_id=offer.product_id, name="web-1", size="s1", agreed=True)
    order = servers.create_server(buyer, command, FULL, rules=RULES, now=NINE)
    go_to(NINE + 40 * MINUTE, NINE)
    order.refresh_from_db()
    assert (Server.objects.get().status, order.status) == ("failed", "refunded")
    assert list(Task.objects.order_by("pk").values_list("action", "status", "tries")) == [
        ("create", "gave_up", 8), ("release", "done", 1),
    ]  # fmt: skip
    assert Task.objects.earliest("pk").error == "no room for a server"
    assert not Record.objects.exists()


def test_a_stop_that_the_cloud_does_not_do_waits_for_a_person() -> None:
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


def test_a_release_ends_what_is_billed_at_once_and_the_rest_of_the_image_is_paid_back() -> None:
    """§4.7 images: five days whole; later 300, 7 of 31 days used → 232.26; while a server uses it nothing is paid back."""
    buyer, product = make_buyer(balance="700", now=NINE), make_image(now=NINE)
    server = make_server(buyer, product, now=NINE)
    image = make_period_image(buyer, server, now=NINE)
    now = go_to(NINE + HOUR, NINE)
    assert what_may(image.service, REFUNDS, now=now).why is Why.BOUND
    servers.release(buyer, server.pk, agreed=True, now=now)
    rest(now)
    service = Subscription.objects.select_related("buyer", "product", "offer").get(pk=image.pk)
    [whole] = what_may(service, REFUNDS, now=now).ways
    assert (whole.way, whole.back.minor) == (Way.NO_REASON, 300_00)
    later = NINE + 7 * DAY
    [part] = what_may(service, REFUNDS, now=later).ways
    assert (part.way, part.back.minor) == (Way.UNUSED, 232_26)
    wanted = Unsubscribe(subscription=service.pk, way="unused", back_minor=232_26, agreed=True)
    unsubscribe(buyer, wanted, rules=REFUNDS, now=later)
    rest(later)
    image.refresh_from_db()
    assert image.status == "refunded"
    assert balance(buyer, "CNY").minor == 700_00 - 300_00 + 232_26
    holds()


def test_a_period_image_needs_a_server_of_ones_own_that_runs_it() -> None:
    buyer, product = make_buyer(balance="700", now=NINE), make_image(now=NINE)
    server = make_server(buyer, product, now=NINE)
    offer = make_offer(product, mode="PERIOD")
    other = make_server(buyer, make_image(now=NINE), name="other", now=NINE)
    orders = Order.objects.count()
    wanted = ForServer(product_id=offer.product_id, server=other.pk, agreed=True)
    with pytest.raises(Refused, match=r"server\.server"):
        servers.buy_image(buyer, wanted, rules=RULES, now=NINE)
    with pytest.raises(Server.DoesNotExist):
        servers.buy_image(make_buyer(now=NINE), wanted, rules=RULES, now=NINE)
    with pytest.raises(Refused, match=r"order\.server"):
        place_order(buyer, PlaceOrder(product_id=offer.product_id, agreed=True), now=NINE, unpaid_timeout=DAY)
    assert Order.objects.count() == orders
    fits = ForServer(product_id=offer.product_id, server=server.pk, agreed=True)
    servers.buy_image(buyer, fits, rules=RULES, now=NINE)
    with pytest.raises(Refused, match=r"server\.server"):
        servers.buy_image(buyer, fits, rules=RULES, now=NINE)  # one is on its way, unpaid
    assert Order.objects.count() == orders + 1
