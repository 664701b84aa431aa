"""Access keys of buyers: created with rights and an expiry, disabled, enabled, deleted; their owner is notified."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import translation

from tests.factories import make_buyer
from tests.factories.people import NOW
from tests.market.engine import react
from tradepost.market.base import jobs
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import buyer_keys as verbs
from tradepost.market.identity.buyer_key_models import BuyerKey
from tradepost.market.identity.keys import NewKey
from tradepost.market.identity.models import User
from tradepost.market.notifications.models import Notice, NoticeDelivery

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def create(user: User, name: str = "ERP", rights: Collection[str] = ("read",), days: int = 30) -> NewKey:
    return verbs.create_buyer_key(user, verbs.CreateBuyerKey(name=name, rights=rights, days=days), now=NOW)


def refusal_code(action: Callable[[], object]) -> str:
    """Return the code of the refusal and check that nothing was stored."""

    def stored_rows() -> tuple[object, ...]:
        return list(BuyerKey.objects.order_by("pk").values_list()), Event.objects.count()

    before = stored_rows()
    with pytest.raises(Refused) as error:
        action()
    assert stored_rows() == before
    return error.value.code


def test_key_is_sealed_and_expires() -> None:
    """business-rules §11.3: a program acts for a buyer, with the permissions that the buyer chose, until its end."""
    user = make_buyer(balance="0")
    new_key = create(user, rights=["pay", "read"])
    key = BuyerKey.objects.get(access_key=new_key.key_id)
    assert (key.user, key.rights, key.expires_at) == (user, ["read", "pay"], NOW + timedelta(days=30))
    assert new_key.secret not in key.sealed
    assert unseal(key.sealed) == new_key.secret
    assert new_key.secret not in repr(new_key)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": " "}, "buyer_key.name"),
        ({"name": "x" * 65}, "buyer_key.name"),
        ({"name": "a\0b"}, "buyer_key.name"),
        ({"rights": []}, "buyer_key.rights"),
        ({"rights": ["read", "everything"]}, "buyer_key.rights"),
        ({"days": 0}, "buyer_key.days"),
        ({"days": 10_000}, "buyer_key.days"),
        ({"name": "taken"}, "buyer_key.name_taken"),
    ],
)
def test_invalid_key_is_not_created(arguments: dict, code: str) -> None:
    user = make_buyer(balance="0")
    create(user, "taken")
    assert refusal_code(lambda: create(user, **arguments)) == code


def test_number_of_keys_is_limited() -> None:
    user = make_buyer(balance="0")
    for number in range(verbs.MAX_KEYS):
        create(user, f"key {number}")
    assert refusal_code(lambda: create(user, "one more")) == "buyer_key.too_many"
    verbs.delete_buyer_key(user, BuyerKey.objects.earliest("pk").pk, now=NOW)
    create(user, "one more")


def test_only_the_owner_can_change_a_key_and_only_in_a_matching_state() -> None:
    user, other = make_buyer(balance="0"), make_buyer(balance="0", email="other@buyer.example")
    create(user)
    pk = BuyerKey.objects.get().pk
    for verb in (verbs.disable_buyer_key, verbs.enable_buyer_key, verbs.delete_buyer_key):
        assert refusal_code(partial(verb, other, pk, now=NOW)) == "buyer_key.unknown"
    assert refusal_code(lambda: verbs.enable_buyer_key(user, pk, now=NOW)) == "buyer_key.changed"
    verbs.disable_buyer_key(user, pk, now=NOW)
    assert refusal_code(lambda: verbs.disable_buyer_key(user, pk, now=NOW)) == "buyer_key.changed"


def test_owner_is_notified_of_each_change() -> None:
    """business-rules §7.2: changes of an account cannot be switched off."""
    user = make_buyer(balance="0")
    create(user)
    pk = BuyerKey.objects.get().pk
    verbs.disable_buyer_key(user, pk, now=NOW)
    verbs.enable_buyer_key(user, pk, now=NOW)
    verbs.delete_buyer_key(user, pk, now=NOW)
    react(now=NOW)
    kinds = [f"buyer_key_{change}" for change in ("created", "disabled", "enabled", "deleted")]
    notices = Notice.objects.filter(user=user).order_by("pk")
    assert sorted(notices.values_list("kind", flat=True)) == sorted(kinds)
    assert {notice.facts["key"] for notice in notices} == {"ERP"}
    assert NoticeDelivery.objects.filter(notice__user=user, channel="mail").count() == len(kinds)


def expiry_notice_count(user: User) -> int:
    return Notice.objects.filter(user=user, kind="buyer_key_expires").count()


def test_owner_is_reminded_once_a_week_before_expiry() -> None:
    user = make_buyer(balance="0")
    create(user)
    expires = BuyerKey.objects.get().expires_at
    for days, notices in ((8, 0), (7, 1), (6, 1)):
        run_due(expires - timedelta(days=days))
        assert expiry_notice_count(user) == notices


@pytest.mark.parametrize("deactivate", [verbs.disable_buyer_key, verbs.delete_buyer_key])
def test_no_reminder_for_a_disabled_or_deleted_key(deactivate: Any) -> None:
    user = make_buyer(balance="0")
    create(user)
    key = BuyerKey.objects.get()
    deactivate(user, key.pk, now=NOW)
    run_due(key.expires_at - timedelta(days=7))
    assert expiry_notice_count(user) == 0


def run_due(now: datetime) -> None:
    jobs.run_due({verbs.EXPIRY: verbs.remind_of_expiry}, now=now)
    react(now=now)
