"""The rival on SQLite: a huey consumer whose task is the same signed and verified call over urllib3.

``python -m bench.huey_worker DATABASE_FILE SELLER_URL COUNT SELLERS``. Commits are synchronous and a task's result is
stored; otherwise neither its start nor its end would survive a power failure.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import sys
import threading
import time
from contextlib import closing

import urllib3
from huey import SqliteHuey

from .programs import say_done, say_ready, wait_for_go
from .wire import HEADERS, KEY, accepted, body_of, signed_url

THREADS = 16


def call(address: str, body: bytes) -> str:
    now, nonce = time.time_ns() // 1_000_000, secrets.token_hex(32)
    url = signed_url(address, body, key=KEY, milliseconds=now, nonce=nonce)
    answer = POOL.request("POST", url, body=body, headers=HEADERS, retries=False)
    return "done" if accepted(answer.status, answer.headers.items(), answer.data, key=KEY) else "refused"


POOL = urllib3.PoolManager(maxsize=THREADS, block=True)


def fill(path: str, seller: str, count: int, sellers: int) -> None:
    queue = SqliteHuey("bench", filename=path, fsync=False)
    task = queue.task(name="call")(call)
    for i in range(count):
        task(f"{seller}/s/{i % sellers}", body_of(f"huey-{i}"))
    queue.storage.close()


def report_completion(path: str, count: int) -> None:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        while database.execute("SELECT count(*) FROM kv").fetchone()[0] < count:
            time.sleep(0.02)
    say_done(count)
    os._exit(0)


def main(path: str, seller: str, count: int, sellers: int) -> None:
    logging.disable(logging.WARNING)
    fill(path, seller, count, sellers)
    queue = SqliteHuey("bench", filename=path, fsync=True)
    queue.task(name="call")(call)
    consumer = queue.create_consumer(workers=THREADS, periodic=False, initial_delay=0.01, max_delay=0.05)
    say_ready()
    wait_for_go()
    threading.Thread(target=report_completion, args=(path, count), daemon=True).start()
    consumer.run()


if __name__ == "__main__":
    database_file, seller_url, how_many, of_sellers = sys.argv[1:5]
    main(database_file, seller_url, int(how_many), int(of_sellers))
