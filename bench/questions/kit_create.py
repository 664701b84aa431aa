"""How many instances per second can a seller's server with the kit create, storing each for repeated requests?"""

from __future__ import annotations

import json
import secrets
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bench.answer import Answer, Need, Runs, Say, Scale, installed
from bench.load import raw_request, send
from bench.places import folder
from bench.programs import Program
from bench.provision_server import PASSWORD, USER
from bench.wire import KEY
from tradepost.protocols.commands import Create
from tradepost.protocols.registry import protocol

OURS, RIVAL, RAW = "kit", "openbrokerapi", "raw WSGI"
HOST = ("Host", "127.0.0.1")


def measure(scale: Scale, say: Say) -> Answer:
    runs = Runs(say)
    count = scale.of(3000, 100)
    with folder() as data:
        for repeat in range(scale.repeats):
            place = data / str(repeat)
            place.mkdir()
            runs.add(OURS, _rate("kit", place, _new_instances(count), b'"000000"'), "creates/s")
            if installed("openbrokerapi", "flask"):
                rate = _rate("openbrokerapi", place, _provisions(count), b"dashboard_url")
                runs.add(RIVAL, rate, "creates/s")
            runs.add(RAW, _rate("raw", place, _new_instances(2 * count), b'"000000"'), "requests/s")
    return _answer(runs)


def _rate(kind: str, place: Path, requests: list[bytes], must_hold: bytes) -> float:
    with Program("bench.provision_server", kind, place) as server:
        (port,) = server.ready()
        rate, _ = send(int(port), requests, must_hold=must_hold)
    return rate


def _new_instances(count: int) -> list[bytes]:
    """Return requests signed like a market's, each for a new order."""
    now = datetime.now(UTC)
    saas = protocol("saas_v2")
    signed = (
        saas.encode(
            Create(order_id=f"CS{i}", order_line_id=f"CS{i}-000001", business_id=secrets.token_hex(16)),
            address="http://127.0.0.1/produce",
            key=KEY,
            now=now,
            nonce=secrets.token_hex(32),
        )
        for i in range(count)
    )
    return [
        raw_request("POST", f"{urlsplit(r.url).path}?{urlsplit(r.url).query}", (HOST, *r.headers), r.body)
        for r in signed
    ]


def _provisions(count: int) -> list[bytes]:
    headers = (
        HOST,
        ("Content-Type", "application/json"),
        ("X-Broker-Api-Version", "2.13"),
        ("Authorization", f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"),
    )
    body = json.dumps({"service_id": "s", "plan_id": "p", "organization_guid": "o", "space_guid": "s"}).encode()
    return [raw_request("PUT", f"/v2/service_instances/{secrets.token_hex(16)}", headers, body) for _ in range(count)]


def _answer(runs: Runs) -> Answer:
    ratios = [runs.ratio("the raw WSGI application", OURS, RAW)]
    needs, notes = [], ["All on waitress with 8 threads, 16 connections. Only the kit verifies and signs."]
    if RIVAL in runs.found:
        ratios.insert(0, runs.ratio("openbrokerapi", OURS, RIVAL))
        needs.append(Need(text="times openbrokerapi", reached=ratios[0].value, bound=1))
    else:
        notes.append("openbrokerapi is not installed: no rival was measured.")
    return Answer(
        name="kit-create",
        title="newInstance on the kit's server, with its idempotency row",
        ratios=tuple(ratios),
        figures=runs.figures(),
        needs=tuple(needs),
        notes=tuple(notes),
    )
