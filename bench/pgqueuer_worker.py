"""The rival on PostgreSQL: a pgqueuer worker whose job is the same signed and verified call over aiohttp.

``python -m bench.pgqueuer_worker DATABASE_URL SELLER_URL COUNT SELLERS``. Its tables are durable (its default), and its
log has the end of each job. Batch size and concurrency are the fastest ones on this machine.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
import time

import aiohttp
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from psycopg import AsyncConnection
from yarl import URL

from .programs import say_done, say_ready, wait_for_go
from .wire import HEADERS, KEY, accepted, body_of, signed_url

BATCH = 200
CONCURRENCY = 512


async def fill(queue: PgQueuer, seller: str, count: int, sellers: int) -> None:
    queries = queue.queries
    if not isinstance(queries, Queries):
        raise TypeError("pgqueuer made other queries than those of PostgreSQL")
    if await queries.has_table("pgqueuer"):
        await queries.uninstall()
    await queries.install()
    payloads: list[bytes | None] = [
        f"{seller}/s/{i % sellers} ".encode() + body_of(f"pgqueuer-{i}") for i in range(count)
    ]
    await queries.enqueue(["call"] * count, payloads, [0] * count)


async def wait_until_done(database: str, count: int) -> int:
    """Return the number of successful jobs once all have ended."""
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        while True:
            row = await (
                await connection.execute(
                    "SELECT (SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'),"
                    " (SELECT count(*) FROM (SELECT 1 FROM pgqueuer LIMIT 1) AS open)"
                )
            ).fetchone()
            if row is not None and (row[1] == 0 or row[0] >= count):
                return int(row[0])
            await asyncio.sleep(0.05)


async def main(database: str, seller: str, count: int, sellers: int) -> None:
    logging.getLogger("pgqueuer").setLevel(logging.ERROR)
    connection = await AsyncConnection.connect(database, autocommit=True)
    queue = PgQueuer.from_psycopg_connection(connection)
    await fill(queue, seller, count, sellers)
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:

        @queue.entrypoint("call")
        async def call(job: Job) -> None:
            address, body = (job.payload or b"").split(b" ", 1)
            now, nonce = time.time_ns() // 1_000_000, secrets.token_hex(32)
            url = URL(signed_url(address.decode(), body, key=KEY, milliseconds=now, nonce=nonce), encoded=True)
            async with session.post(url, data=body, headers=HEADERS) as answer:
                text = await answer.read()
                raw = ((k.decode(), v.decode()) for k, v in answer.raw_headers)
                if not accepted(answer.status, raw, text, key=KEY):
                    raise RuntimeError("refused")

        say_ready()
        await asyncio.to_thread(wait_for_go)
        running = asyncio.create_task(queue.run(batch_size=BATCH, max_concurrent_tasks=CONCURRENCY))
        done = asyncio.create_task(wait_until_done(database, count))
        await asyncio.wait({running, done}, return_when=asyncio.FIRST_COMPLETED)
        say_done(done.result() if done.done() else 0)
    os._exit(0)  # its shutdown waits for timers, which are not needed here


if __name__ == "__main__":
    database_url, seller_url, how_many, of_sellers = sys.argv[1:5]
    uvloop.run(main(database_url, seller_url, int(how_many), int(of_sellers)))
