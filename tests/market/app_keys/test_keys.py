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


def verdict(held: Subscription, key: str, secret: str, *, seller: int | None = None) -> str:
    return keys.verify(seller or held.seller_id, key, secret, now=NOW)[0].value


def test_the_secret_is_on_one_page_once_and_never_stored() -> None:
    held = service()
    client, address = browser(held.buyer), f"/services/{held.pk}/keys/"
    answer = client.post(address, {"name": "  ci  server "})
    key = AppKey.objects.get()
    shown = answer.content.decode()
    secrets = [one for one in set(re.findall(r"[A-Za-z0-9]{40}", shown)) if verdict(held, key.app_key, one) == "VALID"]
    assert len(secrets) == 1
    assert (key.name, key.created_by) == ("ci server", held.buyer.email)
    again = client.get(address).content.decode()
    assert key.app_key in again
    assert secrets[0] not in again
    assert secrets[0] not in str(AppKey.objects.values().get())
    assert "Last checked" in again
    assert "应用密钥" in browser(held.buyer, "zh-hans").get(address).content.decode()


@pytest.mark.parametrize("name", ["", "  ", "x" * 51, "a\u202eb"])
def test_a_wrong_name_creates_nothing(name: str) -> None:
    held = service()
    answer = browser(held.buyer).post(f"/services/{held.pk}/keys/", {"name": name})
    assert (answer.status_code, AppKey.objects.count()) == (422, 0)


def test_a_rotation_needs_two_keys_and_a_revoked_one_stops() -> None:
    held = service()
    first = keys.create_key(held, "first", by="buyer", now=NOW)
    second = keys.create_key(held, "second", by="buyer", now=NOW)
    assert [verdict(held, one.app_key, one.secret) for one in (first, second)] == ["VALID", "VALID"]
    assert verdict(held, first.app_key, second.secret) == "UNKNOWN"
    assert verdict(held, second.app_key.lower(), second.secret) == "UNKNOWN"
    row = AppKey.objects.get(app_key=first.app_key)
    client = browser(held.buyer)
    assert browser(make_buyer()).post(f"/services/{held.pk}/keys/{row.pk}/revoke/").status_code == 404
    assert verdict(held, first.app_key, first.secret) == "VALID"
    client.post(f"/services/{held.pk}/keys/{row.pk}/revoke/")
    assert verdict(held, first.app_key, first.secret) == "REVOKED"
    assert verdict(held, first.app_key, "wrong") == "UNKNOWN", "a revoked key says nothing to somebody who guesses"
    assert verdict(held, second.app_key, second.secret) == "VALID"
    revoked_at = AppKey.objects.get(pk=row.pk).revoked_at
    keys.revoke_key(held, row.pk, by="buyer", now=NOW + timedelta(days=1))
    assert AppKey.objects.get(pk=row.pk).revoked_at == revoked_at


def test_keys_of_another_service_are_not_revoked_here() -> None:
    held, other = service(), service()
    keys.create_key(other, "theirs", by="buyer", now=NOW)
    key = AppKey.objects.get()
    assert browser(held.buyer).post(f"/services/{held.pk}/keys/{key.pk}/revoke/").status_code == 404
    assert AppKey.objects.get().revoked_at is None


def test_another_seller_learns_nothing() -> None:
    held = service()
    made = keys.create_key(held, "first", by="buyer", now=NOW)
    assert keys.verify(make_seller().pk, made.app_key, made.secret, now=NOW) == (Verdict.UNKNOWN, None)


def test_a_service_has_few_valid_keys() -> None:
    held = service()
    for number in range(MAX_VALID_KEYS):
        keys.create_key(held, f"key {number}", by="buyer", now=NOW)
    with pytest.raises(Refused, match=r"app_key\.too_many"):
        keys.create_key(held, "one more", by="buyer", now=NOW)
    assert AppKey.objects.count() == MAX_VALID_KEYS
    keys.revoke_key(held, AppKey.objects.earliest("pk").pk, by="buyer", now=NOW)
    keys.create_key(held, "one more", by="buyer", now=NOW)


@pytest.mark.parametrize(
    ("status", "said"),
    [("active", "VALID"), ("frozen", "FROZEN"), ("releasing", "ENDED"), ("released", "ENDED"), ("failed", "ENDED"), ("opening", "ENDED")],
)  # fmt: skip
def test_a_key_is_accepted_while_its_service_is_active(status: str, said: str) -> None:
    held = service()
    made = keys.create_key(held, "first", by="buyer", now=NOW)
    Subscription.objects.filter(pk=held.pk).update(status=status)
    assert verdict(held, made.app_key, made.secret) == said
    if status != "active":
        held.refresh_from_db()
        with pytest.raises(Refused, match=r"app_key\.not_active"):
            keys.create_key(held, "second", by="buyer", now=NOW)
        browser(held.buyer).post(f"/services/{held.pk}/keys/", {"name": "second"})
        assert AppKey.objects.count() == 1


def test_the_last_check_is_kept_to_a_minute() -> None:
    held = service()
    made = keys.create_key(held, "first", by="buyer", now=NOW)
    for seconds, kept in ((0, 0), (59, 0), (60, 60)):
        keys.verify(held.seller_id, made.app_key, made.secret, now=NOW + timedelta(seconds=seconds))
        assert AppKey.objects.get().verified_at == NOW + timedelta(seconds=kept)
    keys.verify(held.seller_id, made.app_key, "wrong", now=NOW + timedelta(hours=1))
    assert AppKey.objects.get().verified_at == NOW + timedelta(seconds=60)
