"""Test calls encrypt private fields as configured at the production address, not as the saved case says
(saas-v1-license A1.4: "Request fields use the strength chosen at publication")."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.check.kit_seller import KEY, any_seller
from tests.factories import make_address, make_product, make_seller
from tests.market.probes.watching import save_cases
from tests.market.working import working
from tests.waiting import until
from tradepost.kit.serve import running
from tradepost.market.base import clock
from tradepost.market.base.models import LeasedJob
from tradepost.market.base.work import State
from tradepost.market.debugging import replay
from tradepost.market.debugging.models import DebugCase
from tradepost.market.probes.manual import probe_now
from tradepost.market.production import calls
from tradepost.market.production.models import Address, Call
from tradepost.market.web.watching import watch as watch_rules
from tradepost.protocols.commands import Create, Encryption
from tradepost.protocols.registry import protocol
from tradepost.protocols.secret_fields import Undecipherable, decrypt

EMAIL = "li@qingxie.example"


def saved(url: str) -> DebugCase:
    """A case saved with encryptType 1, at an address whose seller later chose AES-128."""
    address = make_address(make_seller(signing_key=KEY, now=clock.now()), url=url, protocol="saas_v1", now=clock.now())
    make_product(address.seller, address=address, now=clock.now())
    typed = {"encryptType": "1", "email": EMAIL}
    [case] = save_cases(address, "newInstance", variant="PERIOD", typed=typed, now=clock.now())
    Address.objects.update(encryption=Encryption.AES128.value)
    return case


def assert_aes128(call: Call) -> None:
    command = calls.load(call.kind, call.command)
    assert isinstance(command, Create)
    request = protocol("saas_v1").encode(command, address=call.address.url, key=KEY, now=clock.now(), nonce="n" * 32)
    email = parse_qs(urlsplit(request.url).query)["email"][0]
    with pytest.raises(Undecipherable):
        decrypt(email, key=KEY, encryption=Encryption.AES256)
    assert decrypt(email, key=KEY, encryption=Encryption.AES128) == EMAIL


@pytest.mark.django_db
def test_probe_uses_the_encryption_of_the_address() -> None:
    case = saved("https://shop.example/p")
    probe_now(case.address.bindings.get().product, by="zhang", watch=watch_rules(), now=clock.now())
    assert_aes128(Call.objects.get())


@pytest.mark.django_db(transaction=True)
def test_replay_uses_the_encryption_of_the_address(tmp_path: Path) -> None:
    with running(any_seller(tmp_path, "saas_v1")) as url, working():
        job = replay.start([saved(url)], about="submission:1", by="zhang", now=clock.now())
        until(lambda: LeasedJob.objects.get(pk=job.pk).state == State.ENDED, within=60, what="the job ends")
    job.refresh_from_db()
    assert [result.passed for result in replay.results(job)] == [True]
    assert_aes128(Call.objects.get())
