"""A database that disconnects, refuses connections, is read-only or has no space: nothing is lost or sent twice, and
the worker recovers.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from psycopg import sql
from structlog.testing import capture_logs

from tests import waiting
from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.market import wiring
from tradepost.market.base import clock
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.engine import OWN_LEASES_INTERVAL, Engine
from tradepost.market.production.models import Attempt, Call
from tradepost.market.web import health

from .broken_sellers import Script, Server, honest_response, responding, serving

TIMEOUT_SECONDS = 60.0
"""Longer than any response takes here on a loaded machine, in seconds."""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


class Shop:
    """A seller and a buyer; ``buy`` pays for another order of the same product."""

    def __init__(self, url: str) -> None:
        now = clock.now()
        seller = make_seller(now=now)
        self.offer = make_offer(make_product(seller, address=make_address(seller, url=url, now=now), now=now))
        self.buyer = make_buyer(balance="100000", now=now)

    def buy(self) -> Order:
        return make_order(self.buyer, offer=self.offer, paid=True, now=clock.now())


def until_completed(order: Order) -> None:
    until(
        lambda: Order.objects.get(pk=order.pk).status == Order.Status.COMPLETED, what="the order completes", within=60
    )


def assert_all_delivered(server: Server, orders: int) -> None:
    """Assert that each order was requested once, delivered and earned, and that every attempt is recorded."""
    assert len({request["orderId"] for request in server.asked("newInstance")}) == orders
    assert len(server.asked("newInstance")) == orders, "an answer that came is never thrown away"
    assert set(Attempt.objects.values_list("verdict", flat=True)) == {"done"}
    assert set(Call.objects.values_list("outcome", flat=True)) == {"done"}
    assert ledger.verify().problems == ()


class PostgreSQL:
    """Causes faults of the database of this test, except on the connection of the test itself."""

    def __init__(self) -> None:
        settings = connection.settings_dict
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._own: int = cursor.fetchone()[0]
        self._database = sql.Identifier(str(settings["NAME"]))
        self._name = str(settings["NAME"])
        self._at = psycopg.connect(
            host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname="postgres", autocommit=True
        )

    def close(self) -> None:
        self._at.close()

    def hang_up(self) -> None:
        """Disconnect every worker in any state, as a restarted server does."""
        self._at.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            [self._name, self._own],
        )

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Refuse new connections, as with too many clients."""
        with self._altered("ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"):
            yield

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Accept only reads, as during a failover or when a full disk was noticed in time."""
        option = "default_transaction_read_only"
        with self._altered(f"SET {option} = on", f"RESET {option}"):
            yield

    @contextmanager
    def _altered(self, change_statement: str, undo_statement: str) -> Iterator[None]:
        self._alter(change_statement)
        try:
            self.hang_up()
            yield
        finally:
            self._alter(undo_statement)

    def _alter(self, change: str) -> None:
        self._at.execute(sql.SQL("ALTER DATABASE {} {}").format(self._database, sql.SQL(change)))


@pytest.fixture
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


def assert_logged(written: Sequence[MutableMapping[str, Any]], words: str) -> Callable[[], bool]:
    return lambda: any(entry["event"] == "database away" and words in entry["error"] for entry in list(written))


def readiness() -> health.Readiness:
    """Return the readiness as a web process without a connection finds it."""

    def ask() -> health.Readiness:
        try:
            return health.check_readiness()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        return other.submit(ask).result(waiting.TIMEOUT)


@pytest.mark.slow
@pytest.mark.postgres
def test_worker_survives_faults_of_its_postgresql(postgresql: PostgreSQL) -> None:
    bought = threading.Event()

    def hangs_up_and_answers(to: socket.socket, request: dict[str, str]) -> None:
        if request["activity"] == "newInstance":
            bought.wait(30)
            postgresql.hang_up()  # the response cannot be recorded on the open connection
        to.sendall(honest_response(request))

    scripts: dict[str, Script] = {"/": responding(honest_response)}
    with serving(scripts) as server, working(timeout=TIMEOUT_SECONDS):
        shop = Shop(server.url + "/")
        until_completed(shop.buy())
        postgresql.hang_up()  # while all wait, one of them in LISTEN
        until_completed(shop.buy())

        scripts["/"] = hangs_up_and_answers
        order = shop.buy()
        bought.set()
        until_completed(order)
        scripts["/"] = responding(honest_response)

        with postgresql.refusing(), capture_logs() as written:
            until(
                assert_logged(written, "not currently accepting connections"), what="the worker was refused", within=30
            )
            order = shop.buy()
            assert readiness().reasons == ("the database cannot be reached",)
        until_completed(order)

        with postgresql.read_only(), capture_logs() as written:
            order = shop.buy()
            until(assert_logged(written, "read-only transaction"), what="the worker could not write", within=30)
            assert readiness().reasons == ("the database only reads for now",)
        until_completed(order)
        assert readiness().ready
        assert_all_delivered(server, orders=5)


@pytest.mark.postgres
@pytest.mark.parametrize("begun", [True, False], ids=["at work", "before it began"])
def test_worker_stops_on_request_while_the_database_is_away(begun: bool, postgresql: PostgreSQL) -> None:
    stop, engine = threading.Event(), Engine(wiring.setup("worker-of-tests"))
    worker = threading.Thread(target=lambda: asyncio.run(engine.run(stop)), daemon=True)
    if begun:
        worker.start()
        until(lambda: health.count_live_workers() == 1, what="it is at work")
    with postgresql.refusing(), capture_logs() as written:
        if not begun:
            worker.start()
        until(assert_logged(written, "not currently accepting connections"), what="it was refused", within=30)
        stop.set()
        worker.join(30)
        assert not worker.is_alive()


@pytest.mark.sqlite  # about a file
def test_full_disk_loses_nothing() -> None:
    """A size limit on the files of this process stands for a full disk: the kernel refuses what exceeds it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    bought = threading.Event()

    def fills_and_answers(to: socket.socket, request: dict[str, str]) -> None:
        if request["activity"] == "newInstance":
            bought.wait(30)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        to.sendall(honest_response(request))

    with serving({"/": fills_and_answers}) as server, working(timeout=TIMEOUT_SECONDS), capture_logs() as written:
        order = Shop(server.url + "/").buy()
        bought.set()
        try:
            until(assert_logged(written, "disk"), what="the answer could not be recorded", within=30)
            assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        until_completed(order)
        assert_all_delivered(server, orders=1)


@pytest.mark.slow
def test_claim_with_a_late_commit_answer_keeps_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds pass between the commit of a claim and its confirmation to the worker. The calls are still made once."""
    wrapper: Any = type(connections["default"])
    commit, late = wrapper._commit, threading.Event()

    def commits_late(self: object) -> None:
        commit(self)
        if threading.current_thread().name.startswith("worker-of-tests-claim") and not late.is_set():
            late.set()
            time.sleep(
                OWN_LEASES_INTERVAL.total_seconds() + 3
            )  # simulates the network to the database, for longer than upkeep waits

    with serving({"/": responding(honest_response)}) as server, working(timeout=TIMEOUT_SECONDS):
        monkeypatch.setattr(wrapper, "_commit", commits_late)
        until_completed(Shop(server.url + "/").buy())
        assert late.is_set()
        assert_all_delivered(server, orders=1)
