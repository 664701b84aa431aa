"""A test call shows whether a seller's server responds and knows a key, and creates nothing (issue 9: stage, verify,
switch).
"""

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
from tradepost.market.production.trials import TrialOutcome, newest_trials
from tradepost.protocols.commands import Done, Rejected
from tradepost.protocols.http import Response
from tradepost.protocols.registry import protocols

pytestmark = pytest.mark.django_db
LIMITS = Limits(3.0, 65_536, SANDBOX)
KEY, NEXT = "0123456789abcdef0123456789ABCDEF", "the next key, which is as long"
TASK = LeasedTask(
    work=lambda job: trial_call.try_address(job, limits=LIMITS), ended=trial_call.record_trial, attempts=1
)


def run_test_call(address: Address, *, staged: str = "") -> dict[str, Any]:
    trials.start_trial(address, staged=staged, now=NOW)
    assert leased_jobs.run_due({trials.TRIAL_JOB: TASK}, now=lambda: NOW, wall=clock.wall, owner="test") == 1
    job = leased_jobs.newest(trials.TRIAL_JOB, f"{address.pk}/{staged}")
    assert job is not None
    assert job.result is not None, job.error
    shown = newest_trials([address], staged=staged)[address.pk]
    assert shown.title
    assert not shown.running
    for secret in (KEY, NEXT):
        assert secret not in str(job.result) + str(job.payload)
    return dict(job.result)


def make_address_at(url: str, protocol: str = "saas_v2", *, key: str = KEY, **fields: Any) -> Address:
    seller = make_seller(signing_key="another key, of the base class")
    keys.rotate_signing_key(seller, protocols()[protocol].key_class, secret=key, now=NOW - timedelta(days=9))
    return make_address(seller, url=url, protocol=protocol, **fields)


@contextmanager
def run_seller(folder: Path, protocol: str = "saas_v2", *, key: str = KEY) -> Iterator[tuple[str, Maker]]:
    class Own(Maker):
        def __init__(self) -> None:
            Seller.__init__(self, store=folder / "kit.db", key=key, protocols=(protocol,))
            self.slow, self.created, self.released = False, [], []

    shop = Own()
    with running(shop) as url:
        yield f"{url}/produce", shop


@pytest.mark.parametrize("protocol", ["saas_v2", "saas_v1", "license_v1", "license_online"])
def test_server_that_knows_the_key_is_recognised_in_every_protocol(tmp_path: Path, protocol: str) -> None:
    with run_seller(tmp_path, protocol) as (url, shop):
        address = make_address_at(url, protocol)
        assert run_test_call(address)["said"] == TrialOutcome.KNOWS
        keys.rotate_signing_key(
            address.seller, protocols()[protocol].key_class, secret=NEXT, now=NOW - timedelta(days=8)
        )
        assert run_test_call(address)["said"] == TrialOutcome.REFUSES
    assert (shop.created, shop.released) == ([], []), "nothing was made or deleted"
    assert (Call.objects.count(), Attempt.objects.count()) == (0, 0)


def test_staged_key_is_tried_while_calls_use_the_current_one(tmp_path: Path) -> None:
    with run_seller(tmp_path) as (url, _shop):
        address = make_address_at(url)
        current = SigningKey.objects.get(seller=address.seller, valid_until=None)
        staged = keys.stage_signing_key(
            address.seller, "base", replaces=current.key_id, secret=NEXT.replace(" ", "-"), by=None, now=NOW
        )
        assert run_test_call(address, staged=staged.key_id)["said"] == TrialOutcome.REFUSES
        assert StagedKey.objects.get().verified_at is None
        assert run_test_call(address)["said"] == TrialOutcome.KNOWS
    with run_seller(tmp_path, key=staged.secret) as (url, _shop):
        Address.objects.filter(pk=address.pk).update(url=url)
        assert run_test_call(address, staged=staged.key_id)["said"] == TrialOutcome.KNOWS
        assert StagedKey.objects.get().verified_at == NOW
    address.refresh_from_db()
    assert (address.breaker, address.failures) == ("closed", 0)


def test_no_response_is_reported_with_its_reason() -> None:
    address = make_address_at("http://127.0.0.1:9/nobody")
    result = run_test_call(address)
    assert (result["said"], result["fault"]) == (TrialOutcome.NO_ANSWER, "connect")
    address.refresh_from_db()
    assert (address.breaker, address.failures) == ("closed", 0), "a test opens no breaker"


@contextmanager
def run_fixed_response(body: bytes, status: int = 200, kind: str = "application/json", sign: str = "") -> Iterator[str]:
    """Run a server that gives one response to every request, as many first versions do."""
    from tradepost.protocols.body_sign import body_sign

    class Handler(BaseHTTPRequestHandler):
        @override
        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

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
    ("protocol", "required", "signed", "expected"),
    [
        ("saas_v2", True, True, TrialOutcome.KNOWS),
        ("saas_v2", True, False, TrialOutcome.UNSIGNED),
        ("saas_v2", False, False, TrialOutcome.KNOWS_UNSIGNED),
        ("saas_v2", False, True, TrialOutcome.KNOWS),
        *((name, True, signed, expected)
          for name in ("license_code", "license_online", "order_notice")
          for signed, expected in ((True, TrialOutcome.KNOWS), (False, TrialOutcome.KNOWS_UNSIGNED))),
    ],
)  # fmt: skip
def test_unsigned_response_is_not_called_signed(
    protocol: str, required: bool, signed: bool, expected: TrialOutcome
) -> None:
    """saas-v1-license §0: of License 2.0, Online License and Order notification no authentication of responses is
    documented.
    """
    spoken = protocols()[protocol]
    command = trial_call.harmless_command(spoken)
    assert command is not None
    request = spoken.encode(command, address="https://a.example/p", key=KEY, now=NOW, nonce="n" * 32)
    outcome = (
        Rejected(code="000003", message="The instance does not exist (000003)")
        if protocol != "order_notice"
        else Done()
    )

    def exchanged(outcome: Done | Rejected) -> Exchange:
        unsigned_response = spoken.answer(command, outcome, key=KEY, nonce="n" * 32)
        headers = (
            unsigned_response.headers if signed else tuple(h for h in unsigned_response.headers if h[0] != "Body-Sign")
        )
        response = Response(unsigned_response.status, headers, unsigned_response.body)
        return Exchange(request, response, spoken.decode(command, response, key=KEY, require_body_sign=False), 1.0)

    address = make_address_at("http://127.0.0.1:9/x", protocol, require_body_sign=required)
    result = trial_call.evaluate_answers(
        spoken, command, exchanged(outcome), exchanged(Rejected(code="000001", message="sign")), key=KEY, current="",
        must_sign=address.require_body_sign and address.asks_body_sign,
    )  # fmt: skip
    assert result["said"] == expected
    for language, words in (
        (
            "en",
            "The server accepted the signed request and rejected one with a wrong signature. Its response has no Body-Sign header, and this address does not require one",
        ),
        ("zh-hans", "响应未带 Body-Sign"),
    ):
        with override_language(language):
            assert (words in trials._TEXTS[expected]()[2]) is (expected is TrialOutcome.KNOWS_UNSIGNED)


OK = b'{"resultCode":"000003","resultMsg":"The instance does not exist (000003)"}'


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"body": b"<h1>It works</h1>", "kind": "text/html"}, TrialOutcome.STRANGE),
        ({"body": b"", "status": 500}, TrialOutcome.STRANGE),
        ({"body": OK}, TrialOutcome.UNCHECKED),
        ({"body": OK, "sign": KEY}, TrialOutcome.UNCHECKED),
        ({"body": OK, "sign": "a key of somebody else"}, TrialOutcome.WRONG_SIGN),
        ({"body": b'{"resultCode":"000001","resultMsg":"bad\\u0000 signature"}', "sign": KEY}, TrialOutcome.REFUSES),
    ],
)
def test_unready_servers_are_distinguished(answer: dict[str, Any], outcome: TrialOutcome) -> None:
    with run_fixed_response(**answer) as url:
        assert run_test_call(make_address_at(url))["said"] == outcome


def test_impossible_test_call_is_reported_before_anything_is_sent() -> None:
    address = make_address_at("http://127.0.0.1:9/x")
    SigningKey.objects.all().delete()
    assert run_test_call(address)["said"] == TrialOutcome.NO_KEY
    Address.objects.filter(pk=address.pk).update(protocol="gone")
    assert run_test_call(address)["said"] == TrialOutcome.NOT_ASKED


def test_every_protocol_of_products_has_a_harmless_call() -> None:
    from tradepost.market.product_types.registry import product_types

    served = {name for kind in product_types().values() for name in kind.protocols}
    for name in served:
        command = trial_call.harmless_command(protocols()[name])
        assert command is not None, name
        assert command.test


def test_broken_and_running_jobs_have_words() -> None:
    address = make_address_at("http://127.0.0.1:9/x")
    trials.start_trial(address, now=NOW)
    assert newest_trials([address])[address.pk].running
    broken = LeasedTask(work=lambda _: 1 / 0, ended=trial_call.record_trial, attempts=1)  # type: ignore[arg-type,return-value]
    leased_jobs.run_due({trials.TRIAL_JOB: broken}, now=lambda: NOW, wall=clock.wall, owner="test")
    assert newest_trials([address])[address.pk].tone == "warn"
