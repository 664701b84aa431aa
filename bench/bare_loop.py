"""The limit on PostgreSQL: claim a batch, sign, send with aiohttp, verify, update a batch. No history, breaker or
events.

``python -m bench.bare_loop DATABASE_URL SELLER_URL COUNT SELLERS``. Claims and updates have separate connections and
run concurrently with the calls, with as many calls in flight as Tradepost's worker.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time

import aiohttp
import psycopg
import uvloop
from psycopg import AsyncConnection
from yarl import URL

from .programs import end_with_parent, say_done, say_ready, wait_for_go
from .wire import HEADERS, KEY, accepted, body_of, signed_url

IN_FLIGHT = 512
BATCH = 256
_CLAIM = """
UPDATE bench_call SET state = 1 WHERE id IN (
  SELECT id FROM bench_call WHERE state = 0 AND due_at <= now() ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
) RETURNING id, address, key, body
"""
_RECORD = """
UPDATE bench_call SET state = 3, verdict = new.verdict FROM unnest(%s::bigint[], %s::text[]) AS new (id, verdict)
WHERE bench_call.id = new.id
"""


def fill(database: str, seller: str, count: int, sellers: int) -> None:
    """Create the rows to process, in one table."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_call")
        connection.execute(
            "CREATE TABLE bench_call (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state smallint NOT NULL DEFAULT 0,"
            " due_at timestamptz NOT NULL DEFAULT now(), address text NOT NULL, key text NOT NULL, body bytea NOT NULL,"
            " verdict text NOT NULL DEFAULT '')"
        )
        connection.execute("CREATE INDEX ON bench_call (due_at, id) WHERE state = 0")
        with connection.cursor() as cursor, cursor.copy("COPY bench_call (address, key, body) FROM STDIN") as copy:
            for i in range(count):
                copy.write_row((f"{seller}/s/{i % sellers}", KEY, body_of(f"bare-{i}")))


async def work(database: str, count: int) -> None:
    claims = await AsyncConnection.connect(database, autocommit=True)
    records = await AsyncConnection.connect(database, autocommit=True)
    ended: asyncio.Queue[tuple[int, str]] = asyncio.Queue()
    places = asyncio.Semaphore(IN_FLIGHT)
    say_ready()
    await asyncio.to_thread(wait_for_go)
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        async def call(row: tuple[int, str, str, bytes]) -> None:
            number, address, key, body = row
            now, nonce = time.time_ns() // 1_000_000, secrets.token_hex(32)
            url = URL(signed_url(address, body, key=key, milliseconds=now, nonce=nonce), encoded=True)
            try:
                async with session.post(url, data=body, headers=HEADERS) as answer:
                    text = await answer.read()
                    raw = ((k.decode(), v.decode()) for k, v in answer.raw_headers)
                    verdict = "done" if accepted(answer.status, raw, text, key=key) else "refused"
            except aiohttp.ClientError:
                verdict = "unreachable"
            ended.put_nowait((number, verdict))
            places.release()

        async def claim() -> None:
            claimed, tasks = 0, set()
            while claimed < count:
                await places.acquire()
                room = 1
                while room < BATCH and not places.locked():
                    await places.acquire()
                    room += 1
                rows = await (await claims.execute(_CLAIM, (room,), binary=True)).fetchall()
                for _ in range(room - len(rows)):
                    places.release()
                claimed += len(rows)
                for row in rows:
                    task = asyncio.create_task(call(row))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)

        claimer = asyncio.create_task(claim())
        recorded = good = 0
        while recorded < count:
            batch = [await ended.get()]
            while not ended.empty() and len(batch) < 2 * BATCH:
                batch.append(ended.get_nowait())
            await records.execute(_RECORD, ([n for n, _ in batch], [v for _, v in batch]))
            recorded += len(batch)
            good += sum(verdict == "done" for _, verdict in batch)
        await claimer
    say_done(good)
    await claims.close()
    await records.close()


if __name__ == "__main__":
    database_url, seller_url, how_many, of_sellers = sys.argv[1:5]
    fill(database_url, seller_url, int(how_many), int(of_sellers))
    uvloop.run(work(database_url, int(how_many)))
    end_with_parent()
