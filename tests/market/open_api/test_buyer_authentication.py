"""Authentication of buyer APIs: expired, disabled and deleted keys, and keys of locked accounts, are treated as unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests import factories
from tests.market.open_api.asking import HOST
from tests.market.open_api.buyer_program import Program, make_program
from tradepost.market.base import clock
from tradepost.market.identity import buyer_keys, keys
from tradepost.market.identity.buyer_key_models import BuyerKey
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db
REFUSED = (401, "APIGW.0301", "")


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ALLOWED_HOSTS = [HOST]


@pytest.fixture
def program() -> Program:
    return make_program()


def test_key_works_until_it_is_disabled_or_deleted(program: Program) -> None:
    key = BuyerKey.objects.get()
    assert program.code("service/query")[0] == 200
    buyer_keys.disable_buyer_key(program.buyer, key.pk, now=clock.now())
    assert program.code("service/query") == REFUSED
    buyer_keys.enable_buyer_key(program.buyer, key.pk, now=clock.now())
    assert program.code("service/query")[0] == 200
    buyer_keys.delete_buyer_key(program.buyer, key.pk, now=clock.now())
    assert program.code("service/query") == REFUSED


def test_expired_key_is_refused(program: Program) -> None:
    BuyerKey.objects.update(expires_at=clock.now())
    assert program.code("service/query") == REFUSED


def test_keys_of_a_locked_account_are_refused(program: Program) -> None:
    User.objects.filter(pk=program.buyer.pk).update(is_active=False)
    assert program.code("service/query") == REFUSED


def test_keys_of_sellers_and_buyers_are_not_interchangeable(program: Program) -> None:
    """openapi-jointkit §C.1: the key identifies the caller."""
    seller = factories.make_seller()
    seller_key = keys.create_access_key(seller, by=None, now=clock.now())
    assert Program(program.buyer, seller_key.key_id, seller_key.secret).code("service/query") == REFUSED
    status, body = program.call("license/activate", license="PL1")
    assert (status, body["error_code"]) == (401, "APIGW.0301")


def test_wrong_secret_and_old_signature_are_refused(program: Program) -> None:
    assert Program(program.buyer, program.ak, "no").code("service/query") == REFUSED
    assert program.code("service/query", at=clock.wall() - timedelta(minutes=20)) == REFUSED


def test_last_use_is_recorded(program: Program) -> None:
    program.call("service/query")
    assert BuyerKey.objects.get().last_used_at is not None


def test_calls_of_one_key_are_limited(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """openapi-jointkit §C.3: 429 APIGW.0308."""
    from tradepost.market.open_api import answers
    from tradepost.market.open_api.throttle import RateLimit

    limit = RateLimit("2/minute")
    monkeypatch.setattr(answers, "rate_limit", lambda: limit)
    other = make_program(buyer=program.buyer, name="other")
    assert [program.code("service/query")[0] for _ in range(3)] == [200, 200, 429]
    assert other.code("service/query")[0] == 200


def test_large_body_is_refused(program: Program) -> None:
    assert program.call("service/query", body=b" " * 70_000)[0] == 413
