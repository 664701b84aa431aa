"""App keys: created by the buyer, shown once, checked by the seller's gateway, revoked (business-rules §2.5)."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client

from tests.factories import NOW, make_buyer, make_seller
from tests.factories.delivered import delivered_product, service_of
from tradepost.market.app_keys import keys
from tradepost.market.app_keys.keys import MAX_VALID_KEYS, Verdict
from tradepost.market.app_keys.models import AppKey
from tradepost.market.base.errors import Refused
from tradepost.market.identity.models import User
from tradepost.market.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def service() -> Subscription:
    return service_of(delivered_product("API_GATEWAY"))


def browser(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def verdict(subscription: Subscription, key: str, secret: str, *, seller: int | None = None) -> str:
    return keys.verify(seller or subscription.seller_id, key, secret, now=NOW)[0].value


def test_secret_is_shown_once_and_never_stored() -> None:
    subscription = service()
    client, address = browser(subscription.buyer), f"/services/{subscription.pk}/keys/"
    answer = client.post(address, {"name": "  ci  server "})
    key = AppKey.objects.get()
    page_text = answer.content.decode()
    secrets = [
        secret
        for secret in set(re.findall(r"[A-Za-z0-9]{40}", page_text))
        if verdict(subscription, key.app_key, secret) == "VALID"
    ]
    assert len(secrets) == 1
    assert (key.name, key.created_by) == ("ci server", subscription.buyer.email)
    second_page_text = client.get(address).content.decode()
    assert key.app_key in second_page_text
    assert secrets[0] not in second_page_text
    assert secrets[0] not in str(AppKey.objects.values().get())
    assert "Last checked" in second_page_text
    assert "应用密钥" in browser(subscription.buyer, "zh-hans").get(address).content.decode()


@pytest.mark.parametrize("name", ["", "  ", "x" * 51, "a\u202eb"])
def test_invalid_name_creates_nothing(name: str) -> None:
    subscription = service()
    answer = browser(subscription.buyer).post(f"/services/{subscription.pk}/keys/", {"name": name})
    assert (answer.status_code, AppKey.objects.count()) == (422, 0)


def test_rotation_uses_two_keys_and_revocation_ends_one() -> None:
    subscription = service()
    first = keys.create_key(subscription, "first", by="buyer", now=NOW)
    second = keys.create_key(subscription, "second", by="buyer", now=NOW)
    assert [verdict(subscription, one.app_key, one.secret) for one in (first, second)] == ["VALID", "VALID"]
    assert verdict(subscription, first.app_key, second.secret) == "UNKNOWN"
    assert verdict(subscription, second.app_key.lower(), second.secret) == "UNKNOWN"
    row = AppKey.objects.get(app_key=first.app_key)
    client = browser(subscription.buyer)
    assert browser(make_buyer()).post(f"/services/{subscription.pk}/keys/{row.pk}/revoke/").status_code == 404
    assert verdict(subscription, first.app_key, first.secret) == "VALID"
    client.post(f"/services/{subscription.pk}/keys/{row.pk}/revoke/")
    assert verdict(subscription, first.app_key, first.secret) == "REVOKED"
    assert verdict(subscription, first.app_key, "wrong") == "UNKNOWN", "a revoked key tells nothing to a guesser"
    assert verdict(subscription, second.app_key, second.secret) == "VALID"
    revoked_at = AppKey.objects.get(pk=row.pk).revoked_at
    keys.revoke_key(subscription, row.pk, by="buyer", now=NOW + timedelta(days=1))
    assert AppKey.objects.get(pk=row.pk).revoked_at == revoked_at


def test_keys_of_another_service_are_not_revoked() -> None:
    subscription, other = service(), service()
    keys.create_key(other, "theirs", by="buyer", now=NOW)
    key = AppKey.objects.get()
    assert browser(subscription.buyer).post(f"/services/{subscription.pk}/keys/{key.pk}/revoke/").status_code == 404
    assert AppKey.objects.get().revoked_at is None


def test_other_seller_learns_nothing() -> None:
    subscription = service()
    key = keys.create_key(subscription, "first", by="buyer", now=NOW)
    assert keys.verify(make_seller().pk, key.app_key, key.secret, now=NOW) == (Verdict.UNKNOWN, None)


def test_number_of_valid_keys_is_limited() -> None:
    subscription = service()
    for number in range(MAX_VALID_KEYS):
        keys.create_key(subscription, f"key {number}", by="buyer", now=NOW)
    with pytest.raises(Refused, match=r"app_key\.too_many"):
        keys.create_key(subscription, "one more", by="buyer", now=NOW)
    assert AppKey.objects.count() == MAX_VALID_KEYS
    keys.revoke_key(subscription, AppKey.objects.earliest("pk").pk, by="buyer", now=NOW)
    keys.create_key(subscription, "one more", by="buyer", now=NOW)


@pytest.mark.parametrize(
    ("status", "expected_verdict"),
    [("active", "VALID"), ("frozen", "FROZEN"), ("releasing", "ENDED"), ("released", "ENDED"), ("failed", "ENDED"), ("opening", "ENDED")],
)  # fmt: skip
def test_key_is_accepted_while_its_service_is_active(status: str, expected_verdict: str) -> None:
    subscription = service()
    key = keys.create_key(subscription, "first", by="buyer", now=NOW)
    Subscription.objects.filter(pk=subscription.pk).update(status=status)
    assert verdict(subscription, key.app_key, key.secret) == expected_verdict
    if status != "active":
        subscription.refresh_from_db()
        with pytest.raises(Refused, match=r"app_key\.not_active"):
            keys.create_key(subscription, "second", by="buyer", now=NOW)
        browser(subscription.buyer).post(f"/services/{subscription.pk}/keys/", {"name": "second"})
        assert AppKey.objects.count() == 1


def test_last_use_is_stored_to_the_minute() -> None:
    subscription = service()
    key = keys.create_key(subscription, "first", by="buyer", now=NOW)
    for seconds, stored_second in ((0, 0), (59, 0), (60, 60)):
        keys.verify(subscription.seller_id, key.app_key, key.secret, now=NOW + timedelta(seconds=seconds))
        assert AppKey.objects.get().verified_at == NOW + timedelta(seconds=stored_second)
    keys.verify(subscription.seller_id, key.app_key, "wrong", now=NOW + timedelta(hours=1))
    assert AppKey.objects.get().verified_at == NOW + timedelta(seconds=60)
