"""A database that hangs up, refuses, only reads or has no room: nothing is lost or asked twice, and it goes on by itself."""

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

from tests.factories import make_address, make_buyer, make_offer, make_order, make_product, make_seller
from tests.market.working import working
from tests.waiting import until
from tradepost.market import wiring
from tradepost.market.base import clock
from tradepost.market.orders.models import Order
from tradepost.market.payments import ledger
from tradepost.market.production.engine import OWN_LEASES_EVERY, Engine
from tradepost.market.production.models import Attempt, Call
from tradepost.market.web import health

from .broken_sellers import Script, Server, answered, says, serving

NEVER = 60.0
"""Seconds that no answer takes here, however loaded the machine is."""

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


class Shop:
    """A seller and a buyer; ``buy`` pays for one more of the same product."""

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


def all_well(server: Server, orders: int) -> None:
    """Each order was asked for once, delivered and earned, and every attempt is known."""
    assert len({request["orderId"] for request in server.asked("newInstance")}) == orders
    assert len(server.asked("newInstance")) == orders, "an answer that came is never thrown away"
    assert set(Attempt.objects.values_list("verdict", flat=True)) == {"done"}
    assert set(Call.objects.values_list("outcome", flat=True)) == {"done"}
    assert ledger.verify().problems == ()


class PostgreSQL:
    """Does to the database of this test what happens to servers, and spares the connection of the test itself."""

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
        """On every worker, whatever it is doing, as a server does that is restarted."""
        self._at.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            [self._name, self._own],
        )

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Nobody gets in, as when there are too many clients already."""
        with self._altered("ALLOW_CONNECTIONS false", "ALLOW_CONNECTIONS true"):
            yield

    @contextmanager
    def only_reading(self) -> Iterator[None]:
        """As during a failover, or where a full disk was noticed in time."""
        option = "default_transaction_read_only"
        with self._altered(f"SET {option} = on", f"RESET {option}"):
            yield

    @contextmanager
    def _altered(self, there: str, back: str) -> Iterator[None]:
        self._alter(there)
        try:
            self.hang_up()
            yield
        finally:
            self._alter(back)

    def _alter(self, change: str) -> None:
        self._at.execute(sql.SQL("ALTER DATABASE {} {}").format(self._database, sql.SQL(change)))


@pytest.fixture
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.close()


def said(written: Sequence[MutableMapping[str, Any]], words: str) -> Callable[[], bool]:
    return lambda: any(entry["event"] == "database away" and words in entry["error"] for entry in list(written))


def readiness() -> health.Readiness:
    """As a web process that has no connection yet finds it."""

    def ask() -> health.Readiness:
        try:
            return health.ready()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        return other.submit(ask).result()


@pytest.mark.postgres
def test_a_worker_lives_through_what_its_postgresql_does(postgresql: PostgreSQL) -> None:
    bought = threading.Event()

    def hangs_up_and_answers(to: socket.socket, request: dict[str, str]) -> None:
        if request["activity"] == "newInstance":
            bought.wait(30)
            postgresql.hang_up()  # the answer cannot be recorded on the connection that is there
        to.sendall(answered(request))

    scripts: dict[str, Script] = {"/": says(answered)}
    with serving(scripts) as server, working(timeout=NEVER):
        shop = Shop(server.url + "/")
        until_completed(shop.buy())
        postgresql.hang_up()  # while all wait, one of them in LISTEN
        until_completed(shop.buy())

        scripts["/"] = hangs_up_and_answers
        order = shop.buy()
        bought.set()
        until_completed(order)
        scripts["/"] = says(answered)

        with postgresql.refusing(), capture_logs() as written:
            until(said(written, "not currently accepting connections"), what="the worker was refused", within=30)
            order = shop.buy()
            assert readiness().reasons == ("the database cannot be reached",)
        until_completed(order)

        with postgresql.only_reading(), capture_logs() as written:
            order = shop.buy()
            until(said(written, "read-only transaction"), what="the worker could not write", within=30)
            assert readiness().reasons == ("the database only reads for now",)
        until_completed(order)
        assert readiness().ready
        all_well(server, orders=5)


@pytest.mark.postgres
@pytest.mark.parametrize("begun", [True, False], ids=["at work", "before it began"])
def test_a_worker_ends_when_told_though_the_database_is_away(begun: bool, postgresql: PostgreSQL) -> None:
    stop, engine = threading.Event(), Engine(wiring.setup("worker-of-tests"))
    worker = threading.Thread(target=lambda: asyncio.run(engine.run(stop)), daemon=True)
    if begun:
        worker.start()
        until(lambda: health.living_workers() == 1, what="it is at work")
    with postgresql.refusing(), capture_logs() as written:
        if not begun:
            worker.start()
        until(said(written, "not currently accepting connections"), what="it was refused", within=30)
        stop.set()
        worker.join(30)
        assert not worker.is_alive()


@pytest.mark.sqlite  # about a file
def test_a_disk_without_room_loses_nothing() -> None:
    """A limit on the size of this process's files stands for the disk: the kernel refuses what lies beyond it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    bought = threading.Event()

    def fills_and_answers(to: socket.socket, request: dict[str, str]) -> None:
        if request["activity"] == "newInstance":
            bought.wait(30)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
        to.sendall(answered(request))

    with serving({"/": fills_and_answers}) as server, working(timeout=NEVER), capture_logs() as written:
        order = Shop(server.url + "/").buy()
        bought.set()
        try:
            until(said(written, "disk"), what="the answer could not be recorded", within=30)
            assert Order.objects.get(pk=order.pk).status == Order.Status.PROCESSING
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        until_completed(order)
        all_well(server, orders=1)


def test_a_claim_whose_answer_is_late_is_not_taken_from_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds pass between the commit of a claim and the worker's learning of it. Its calls are made once all the same."""
    wrapper: Any = type(connections["default"])
    commit, late = wrapper._commit, threading.Event()

    def commits_late(self: object) -> None:
        commit(self)
        if threading.current_thread().name.startswith("worker-of-tests-claim") and not late.is_set():
            late.set()
            time.sleep(
                OWN_LEASES_EVERY.total_seconds() + 3
            )  # the network of the database, for longer than upkeep waits

    with serving({"/": says(answered)}) as server, working(timeout=NEVER):
        monkeypatch.setattr(wrapper, "_commit", commits_late)
        until_completed(Shop(server.url + "/").buy())
        assert late.is_set()
        all_well(server, orders=1)
