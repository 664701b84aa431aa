"""Access keys of buyers: created once with rights and an end, switched off and on, deleted; their owner is notified."""

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


def refused(act: Callable[[], object]) -> str:
    """The code of the refusal; nothing is stored then."""

    def facts() -> tuple[object, ...]:
        return list(BuyerKey.objects.order_by("pk").values_list()), Event.objects.count()

    before = facts()
    with pytest.raises(Refused) as why:
        act()
    assert facts() == before
    return why.value.code


def test_a_key_is_sealed_and_ends() -> None:
    """business-rules §11.3: a program acts for a buyer, with the permissions that the buyer chose, until its end."""
    user = make_buyer(balance="0")
    made = create(user, rights=["pay", "read"])
    key = BuyerKey.objects.get(access_key=made.key_id)
    assert (key.user, key.rights, key.expires_at) == (user, ["read", "pay"], NOW + timedelta(days=30))
    assert made.secret not in key.sealed
    assert unseal(key.sealed) == made.secret
    assert made.secret not in repr(made)


@pytest.mark.parametrize(
    ("given", "code"),
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
def test_a_wrong_key_is_not_created(given: dict, code: str) -> None:
    user = make_buyer(balance="0")
    create(user, "taken")
    assert refused(lambda: create(user, **given)) == code


def test_an_account_has_a_few_keys() -> None:
    user = make_buyer(balance="0")
    for number in range(verbs.MAX_KEYS):
        create(user, f"key {number}")
    assert refused(lambda: create(user, "one more")) == "buyer_key.too_many"
    verbs.delete_buyer_key(user, BuyerKey.objects.earliest("pk").pk, now=NOW)
    create(user, "one more")


def test_a_key_is_changed_by_its_owner_alone_and_in_its_state() -> None:
    user, other = make_buyer(balance="0"), make_buyer(balance="0", email="other@buyer.example")
    create(user)
    pk = BuyerKey.objects.get().pk
    for verb in (verbs.disable_buyer_key, verbs.enable_buyer_key, verbs.delete_buyer_key):
        assert refused(partial(verb, other, pk, now=NOW)) == "buyer_key.unknown"
    assert refused(lambda: verbs.enable_buyer_key(user, pk, now=NOW)) == "buyer_key.changed"
    verbs.disable_buyer_key(user, pk, now=NOW)
    assert refused(lambda: verbs.disable_buyer_key(user, pk, now=NOW)) == "buyer_key.changed"


def test_the_owner_is_notified_of_each_change() -> None:
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


def told_of_expiry(user: User) -> int:
    return Notice.objects.filter(user=user, kind="buyer_key_expires").count()


def test_its_owner_is_reminded_once_a_week_before_it_expires() -> None:
    user = make_buyer(balance="0")
    create(user)
    expires = BuyerKey.objects.get().expires_at
    for days, notices in ((8, 0), (7, 1), (6, 1)):
        run_due(expires - timedelta(days=days))
        assert told_of_expiry(user) == notices


@pytest.mark.parametrize("end", [verbs.disable_buyer_key, verbs.delete_buyer_key])
def test_nobody_is_reminded_of_a_key_out_of_use(end: Any) -> None:
    user = make_buyer(balance="0")
    create(user)
    key = BuyerKey.objects.get()
    end(user, key.pk, now=NOW)
    run_due(key.expires_at - timedelta(days=7))
    assert told_of_expiry(user) == 0


def run_due(now: datetime) -> None:
    jobs.run_due({verbs.EXPIRY: verbs.remind_of_expiry}, now=now)
    react(now=now)
