"""A test call says whether a seller's server answers and knows a key, and makes nothing (issue 9: stage, verify, switch)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, override

import pytest
from django.utils.translation import override as override_language

from tests.factories import make_address, make_seller
from tests.factories.people import NOW
from tests.journeys.speaking import Maker
from tradepost.kit import Seller
from tradepost.kit.serve import running
from tradepost.market.base import clock, leased_jobs
from tradepost.market.base.leased_jobs import LeasedTask
from tradepost.market.base.outbound_policy import SANDBOX
from tradepost.market.identity import keys
from tradepost.market.identity.models import SigningKey, StagedKey
from tradepost.market.production import trial_call, trials
from tradepost.market.production.gateway import Exchange, Limits
from tradepost.market.production.models import Address, Attempt, Call
from tradepost.market.production.trials import Said, newest_trials
from tradepost.protocols.commands import Done, Rejected
from tradepost.protocols.http import Response
from tradepost.protocols.registry import protocols

pytestmark = pytest.mark.django_db
LIMITS = Limits(3.0, 65_536, SANDBOX)
KEY, NEXT = "0123456789abcdef0123456789ABCDEF", "the next key, which is as long"
TASK = LeasedTask(
    work=lambda job: trial_call.try_address(job, limits=LIMITS), ended=trial_call.record_trial, attempts=1
)


def asked(address: Address, *, staged: str = "") -> dict[str, Any]:
    trials.start_trial(address, staged=staged, now=NOW)
    assert leased_jobs.run_due({trials.TRIAL: TASK}, now=lambda: NOW, wall=clock.wall, owner="test") == 1
    job = leased_jobs.newest(trials.TRIAL, f"{address.pk}/{staged}")
    assert job is not None
    assert job.result is not None, job.error
    shown = newest_trials([address], staged=staged)[address.pk]
    assert shown.title
    assert not shown.running
    for secret in (KEY, NEXT):
        assert secret not in str(job.result) + str(job.payload)
    return dict(job.result)


def at(url: str, protocol: str = "saas_v2", *, key: str = KEY, **fields: Any) -> Address:
    seller = make_seller(signing_key="another key, of the base class")
    keys.rotate_signing_key(seller, protocols()[protocol].key_class, secret=key, now=NOW - timedelta(days=9))
    return make_address(seller, url=url, protocol=protocol, **fields)


@contextmanager
def serving(folder: Path, protocol: str = "saas_v2", *, key: str = KEY) -> Iterator[tuple[str, Maker]]:
    class Own(Maker):
        def __init__(self) -> None:
            Seller.__init__(self, store=folder / "kit.db", key=key, protocols=(protocol,))
            self.slow, self.created, self.released = False, [], []

    shop = Own()
    with running(shop) as url:
        yield f"{url}/produce", shop


@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1", "license_v1", "license_online"])
def test_a_server_that_knows_the_key_is_told_apart_in_every_protocol(tmp_path: Path, protocol: str) -> None:
    with serving(tmp_path, protocol) as (url, shop):
        address = at(url, protocol)
        assert asked(address)["said"] == Said.KNOWS
        keys.rotate_signing_key(
            address.seller, protocols()[protocol].key_class, secret=NEXT, now=NOW - timedelta(days=8)
        )
        assert asked(address)["said"] == Said.REFUSES
    assert (shop.created, shop.released) == ([], []), "nothing was made or deleted"
    assert (Call.objects.count(), Attempt.objects.count()) == (0, 0)


def test_a_staged_key_is_tried_while_calls_use_the_current_one(tmp_path: Path) -> None:
    with serving(tmp_path) as (url, _shop):
        address = at(url)
        current = SigningKey.objects.get(seller=address.seller, valid_until=None)
        made = keys.stage_signing_key(
            address.seller, "base", replaces=current.key_id, secret=NEXT.replace(" ", "-"), by=None, now=NOW
        )
        assert asked(address, staged=made.key_id)["said"] == Said.REFUSES
        assert StagedKey.objects.get().verified_at is None
        assert asked(address)["said"] == Said.KNOWS
    with serving(tmp_path, key=made.secret) as (url, _shop):
        Address.objects.filter(pk=address.pk).update(url=url)
        assert asked(address, staged=made.key_id)["said"] == Said.KNOWS
        assert StagedKey.objects.get().verified_at == NOW
    address.refresh_from_db()
    assert (address.breaker, address.failures) == ("closed", 0)


def test_no_answer_is_told_with_its_reason() -> None:
    address = at("http://127.0.0.1:9/nobody")
    result = asked(address)
    assert (result["said"], result["fault"]) == (Said.NO_ANSWER, "connect")
    address.refresh_from_db()
    assert (address.breaker, address.failures) == ("closed", 0), "a test opens no breaker"


@contextmanager
def answering(body: bytes, status: int = 200, kind: str = "application/json", sign: str = "") -> Iterator[str]:
    """A server that gives one answer to everything, as many a first try does."""
    from tradepost.protocols.body_sign import body_sign

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if sign:
                self.send_header("Body-Sign", body_sign(body, sign))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/produce"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.mark.parametrize(
    ("protocol", "required", "signed", "said"),
    [
        ("saas_v2", True, True, Said.KNOWS),
        ("saas_v2", True, False, Said.UNSIGNED),
        ("saas_v2", False, False, Said.KNOWS_UNSIGNED),
        ("saas_v2", False, True, Said.KNOWS),
        *((name, True, signed, said)
          for name in ("license_code", "license_online", "order_notice")
          for signed, said in ((True, Said.KNOWS), (False, Said.KNOWS_UNSIGNED))),
    ],
)  # fmt: skip
def test_an_unsigned_answer_is_not_called_signed(protocol: str, required: bool, signed: bool, said: Said) -> None:
    """saas-v1-license §0: of License 2.0, Online License and Order notification no authentication of responses is documented."""
    spoken = protocols()[protocol]
    command = trial_call.harmless(spoken)
    assert command is not None
    request = spoken.encode(command, address="https://a.example/p", key=KEY, now=NOW, nonce="n" * 32)
    outcome = Rejected(code="000003", message="no such instance") if protocol != "order_notice" else Done()

    def exchanged(outcome: Done | Rejected) -> Exchange:
        made = spoken.answer(command, outcome, key=KEY, nonce="n" * 32)
        headers = made.headers if signed else tuple(h for h in made.headers if h[0] != "Body-Sign")
        response = Response(made.status, headers, made.body)
        return Exchange(request, response, spoken.decode(command, response, key=KEY, require_body_sign=False), 1.0)

    address = at("http://127.0.0.1:9/x", protocol, require_body_sign=required)
    result = trial_call.judge(
        spoken, command, exchanged(outcome), exchanged(Rejected(code="000001", message="sign")), key=KEY, current="",
        must_sign=address.require_body_sign and address.asks_body_sign,
    )  # fmt: skip
    assert result["said"] == said
    for language, words in (("en", "carries no Body-Sign"), ("zh-hans", "响应未带 Body-Sign")):
        with override_language(language):
            assert (words in trials._WORDS[said]()[2]) is (said is Said.KNOWS_UNSIGNED)


OK = b'{"resultCode":"000003","resultMsg":"no such instance"}'


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"body": b"<h1>It works</h1>", "kind": "text/html"}, Said.STRANGE),
        ({"body": b"", "status": 500}, Said.STRANGE),
        ({"body": OK}, Said.UNCHECKED),
        ({"body": OK, "sign": KEY}, Said.UNCHECKED),
        ({"body": OK, "sign": "a key of somebody else"}, Said.WRONG_SIGN),
        ({"body": b'{"resultCode":"000001","resultMsg":"bad\\u0000 signature"}', "sign": KEY}, Said.REFUSES),
    ],
)
def test_servers_that_are_not_ready_are_told_apart(answer: dict[str, Any], said: Said) -> None:
    with answering(**answer) as url:
        assert asked(at(url))["said"] == said


def test_what_cannot_be_asked_is_said_before_anything_is_sent() -> None:
    address = at("http://127.0.0.1:9/x")
    SigningKey.objects.all().delete()
    assert asked(address)["said"] == Said.NO_KEY
    Address.objects.filter(pk=address.pk).update(protocol="gone")
    assert asked(address)["said"] == Said.NOT_ASKED


def test_every_protocol_that_products_are_served_over_has_a_harmless_question() -> None:
    from tradepost.market.product_types.registry import product_types

    served = {name for kind in product_types().values() for name in kind.protocols}
    for name in served:
        command = trial_call.harmless(protocols()[name])
        assert command is not None, name
        assert command.test


def test_a_job_that_broke_off_and_one_under_way_have_words() -> None:
    address = at("http://127.0.0.1:9/x")
    trials.start_trial(address, now=NOW)
    assert newest_trials([address])[address.pk].running
    broken = LeasedTask(work=lambda _: 1 / 0, ended=trial_call.record_trial, attempts=1)  # type: ignore[arg-type,return-value]
    leased_jobs.run_due({trials.TRIAL: broken}, now=lambda: NOW, wall=clock.wall, owner="test")
    assert newest_trials([address])[address.pk].tone == "warn"
