"""Issue 25, 8: requests of one client wait behind those of others, and one client cannot fill the queue."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests import factories
from tests.market.web.exchanging import WITHIN, Exchange, ask, scope, server, until
from tradepost.market.web import request_buffering
from tradepost.market.web.answering import Environ
from tradepost.market.web.environs import environ_of
from tradepost.market.web.fair_queue import FairQueue
from tradepost.market.web.lanes import SENDER, Lanes
from tradepost.market.web.request_buffering import MAX_CONCURRENT, MAX_CONCURRENT_PER_CLIENT
from tradepost.market.web.unread import refusal_response

ATTACKER, VISITOR = "192.0.2.66:50000", "192.0.2.9:50000"


class PausedApp:
    """An application that records each path when it begins, and responds when the path is released."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self._released: Counter[str] = Counter()
        self._changed = threading.Condition()

    def __call__(self, environ: Environ, start: Callable[..., Any]) -> Iterable[bytes]:
        with self._changed:
            path = environ["PATH_INFO"]
            self.began.append(path)
            assert self._changed.wait_for(lambda: self._released[path] or self._released["*"], WITHIN)
        start("200 OK", [])
        return [b""]

    def release(self, path: str) -> None:
        with self._changed:
            self._released[path] += 1
            self._changed.notify_all()


def start_request(tried: request_buffering.RequestBuffering, path: str, client: str) -> asyncio.Task[Exchange]:
    return asyncio.create_task(ask(tried, scope(method="GET", path=path, client=client)))


def test_client_with_a_hundred_requests_uses_four_threads_and_others_are_served() -> None:
    inside = PausedApp()

    async def run() -> None:
        tried = server(inside, threads=MAX_CONCURRENT)
        many = [start_request(tried, f"/a{n}", ATTACKER) for n in range(100)]
        await until(lambda: len(inside.began) == MAX_CONCURRENT_PER_CLIENT)
        inside.release("/visitor")
        for _ in range(3):
            assert (await start_request(tried, "/visitor", VISITOR)).status == 200
        assert len(inside.began) == MAX_CONCURRENT_PER_CLIENT + 3, "no further request of the hundred began meanwhile"
        assert not any(task.done() for task in many)
        for n in range(100):  # one by one, since threads that begin together may record their paths in any order
            inside.release(f"/a{n}")
            await many[n]
            await until(lambda: len(inside.began) == min(n + 1, 96) + MAX_CONCURRENT_PER_CLIENT + 3)  # noqa: B023
        assert {(await task).status for task in many} == {200}, "they only waited"
        assert inside.began[MAX_CONCURRENT_PER_CLIENT + 3 :] == sorted(
            inside.began[MAX_CONCURRENT_PER_CLIENT + 3 :], key=lambda p: int(p[2:])
        )

    asyncio.run(run())


def test_with_one_thread_clients_are_served_in_turn() -> None:
    inside = PausedApp()
    inside.release("*")

    async def run() -> None:
        gate = PausedApp()
        tried = server(lambda e, s: gate(e, s) if e["PATH_INFO"] == "/gate" else inside(e, s), threads=1)
        first = start_request(tried, "/gate", ATTACKER)
        await until(lambda: gate.began)
        rest = [start_request(tried, path, ATTACKER) for path in ("/a1", "/a2", "/a3")]
        rest += [start_request(tried, path, VISITOR) for path in ("/b1", "/b2")]
        rest.append(start_request(tried, "/c1", "192.0.2.10:1"))
        await asyncio.sleep(0)
        gate.release("/gate")
        await asyncio.gather(first, *rest)

    asyncio.run(run())
    assert inside.began == ["/b1", "/c1", "/a1", "/b2", "/a2", "/a3"]


def test_too_many_open_requests_of_one_client_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_buffering, "MAX_UNANSWERED_PER_CLIENT", 8)
    inside = PausedApp()

    async def run() -> None:
        tried = server(inside, threads=MAX_CONCURRENT, words=refusal_response)
        waiting_requests = [start_request(tried, "/a", ATTACKER) for _ in range(8)]
        await until(lambda: len(inside.began) == MAX_CONCURRENT_PER_CLIENT)
        refused = await start_request(tried, "/b", ATTACKER)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
        assert "Try again in 5 seconds" in refused.body.decode() or "5 秒后重试" in refused.body.decode()
        form = await ask(tried, scope(path="/b", length=1, client=ATTACKER), b"a")
        assert (form.status, form.asked_for) == (429, 0), "nothing of it is read"
        assert "/b" not in inside.began
        inside.release("/b")
        assert (await start_request(tried, "/b", VISITOR)).status == 200
        inside.release("*")
        assert {(await task).status for task in waiting_requests} == {200}
        assert (await start_request(tried, "/b", ATTACKER)).status == 200, "those that were answered do not count"

    asyncio.run(run())


def test_head_above_64_kib_is_refused_unread() -> None:
    """Issue 25, 7. Granian refuses larger ones itself, but not all that arrive at once."""

    async def run() -> None:
        tried = server(words=refusal_response)
        headers = [(f"x-{n}", "a" * 8000) for n in range(8)]
        assert (await ask(tried, scope(method="GET", headers=headers))).status == 200
        answer = await ask(tried, scope(length=1, headers=[*headers, ("x-9", "a" * 2000)]), b"a")
        assert (answer.status, answer.headers["Connection"], answer.asked_for) == (431, "close", 0)
        assert "64 KB" in answer.body.decode()
        long_query = await ask(tried, scope(method="GET", query_string="q=" + "a" * 65_536))
        assert long_query.status == 431

    asyncio.run(run())


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_refusal_page_says_when_to_try_again(language: str) -> None:
    environ = environ_of(scope(method="GET", headers=[("accept-language", language)]))
    page = refusal_response(environ, HTTPStatus.TOO_MANY_REQUESTS)[1].decode()
    assert ("Try again in 5 seconds" if language == "en" else "请在 5 秒后重试") in page
    api = environ_of(scope(method="GET", path="/api/mkp-openapi-public/global/v1/order/query"))
    headers, body = refusal_response(api, HTTPStatus.TOO_MANY_REQUESTS)
    assert b"APIGW.0308" in body, "openapi-jointkit §C.2"
    assert dict(headers)["Content-Type"].startswith("application/json")


def test_client_below_its_limit_comes_before_one_at_it() -> None:
    queue: FairQueue[str] = FairQueue(at_once=1)
    for item in ("a1", "a2", "a3", "b1"):
        queue.put(item[0], item)
    assert [queue.take(), queue.take(), queue.take()] == [("a", "a1"), ("b", "b1"), None]
    queue.remove("a", "a2")
    queue.finished("a")
    assert queue.take() == ("a", "a3")
    queue.put("b", "b2")
    queue.remove("b", "b2")
    queue.finished("b")
    queue.finished("a")
    assert queue.take() is None
    assert [queue._waiting, queue._working, queue._ready] == [{}, {}, {}], "nothing is kept of clients that are gone"


def request(*, session: str = "", access_key: str = "", client: str = ATTACKER, **noted: str) -> Environ:
    headers = [("cookie", f"{settings.SESSION_COOKIE_NAME}={session}")] if session else []
    if access_key:
        headers.append(("authorization", f"SDK-HMAC-SHA256 Access={access_key}, SignedHeaders=host, Signature=x"))
    path = "/api/mkp-openapi-public/global/v1/order/query" if access_key else "/"
    return environ_of(scope(method="GET", path=path, headers=headers, client=client)) | noted


def test_accounts_behind_one_address_have_separate_turns_once_known() -> None:
    lanes = Lanes()
    assert lanes.lane(request()) == lanes.lane(request(session="made up")) == "192.0.2.66"
    lanes.learn(request(session="s1") | {SENDER: "user 1"})
    lanes.learn(request(session="s2") | {SENDER: "user 1"})
    lanes.learn(request(session="made up"))
    assert lanes.lane(request(session="s1")) == lanes.lane(request(session="s2", client=VISITOR)) == "user 1"
    assert lanes.lane(request(session="made up")) == lanes.lane(request(session="s3")) == "192.0.2.66"


def test_access_key_counts_only_from_the_address_that_signed_with_it() -> None:
    """Access keys are not secret: a stranger who knows one must not use up its seller's turns."""
    lanes = Lanes()
    lanes.learn(request(access_key="AK1", client=VISITOR) | {SENDER: "seller 1"})
    assert lanes.lane(request(access_key="AK1", client=VISITOR)) == "seller 1"
    assert lanes.lane(request(access_key="AK1", client=ATTACKER)) == "192.0.2.66"
    assert lanes.lane(request(access_key="AK2", client=VISITOR)) == "192.0.2.9"


def test_memory_of_senders_is_limited() -> None:
    lanes = Lanes(most_remembered=2)
    for n in "123":
        lanes.learn(request(session=n) | {SENDER: f"user {n}"})
    assert [lanes.lane(request(session=n)) for n in "123"] == ["192.0.2.66", "user 2", "user 3"]


@pytest.mark.django_db
def test_pages_record_the_signed_in_account() -> None:
    user = factories.make_buyer()
    client = Client()
    assert SENDER not in client.get("/").wsgi_request.META
    client.force_login(user)
    assert client.get("/orders/").wsgi_request.META[SENDER] == f"user {user.pk}"
