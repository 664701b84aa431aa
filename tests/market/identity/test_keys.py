"""Signing keys: bound to one class, used once, staged before calls are signed with them (saas-v2 §1.3, §2.1; issue 9)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import translation

from tests.factories import make_seller
from tests.factories.people import NOW
from tradepost.market.base.errors import Refused
from tradepost.market.base.models import Event
from tradepost.market.base.secrets import unseal
from tradepost.market.identity import keys
from tradepost.market.identity.models import Seller, SigningKey, StagedKey

pytestmark = pytest.mark.django_db
OWN = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def current(seller: Seller, of: str = "base") -> SigningKey:
    return SigningKey.objects.get(seller=seller, interface_class=of, valid_until=None)


def stage(seller: Seller, *, secret: str = "", replaces: str | None = None) -> keys.NewKey:
    seen = current(seller).key_id if replaces is None else replaces
    return keys.stage_signing_key(seller, "base", replaces=seen, secret=secret, by=None, now=NOW)


def test_calls_go_on_with_the_current_key_until_the_switch() -> None:
    seller = make_seller(signing_key="the key in use")
    made = stage(seller)
    assert keys.signing_secrets(seller.pk, "base", now=NOW) == ("the key in use",)
    assert not Event.objects.filter(name="signing_key_rotated").exists()

    keys.switch_signing_key(seller, "base", to=made.key_id, now=NOW)

    assert keys.signing_secrets(seller.pk, "base", now=NOW) == (made.secret, "the key in use")
    assert keys.signing_secrets(seller.pk, "base", now=NOW + timedelta(hours=24)) == (made.secret,)
    assert Event.objects.filter(name="signing_key_rotated").count() == 1
    assert (current(seller).key_id, StagedKey.objects.count()) == (made.key_id, 0)


def test_a_discarded_key_changes_nothing_and_may_come_again() -> None:
    seller = make_seller()
    before = current(seller).pk
    made = stage(seller, secret=OWN)
    keys.discard_signing_key(seller, "base", key_id=made.key_id)
    assert (current(seller).pk, StagedKey.objects.count()) == (before, 0)
    with refused("signing_key.changed"):
        keys.switch_signing_key(seller, "base", to=made.key_id, now=NOW)
    stage(seller, secret=OWN)


def test_a_form_that_is_old_stages_and_switches_nothing() -> None:
    seller = make_seller()
    with refused("signing_key.changed"):
        stage(seller, replaces="another")
    first = stage(seller)
    with refused("signing_key.changed"):
        stage(seller)
    with refused("signing_key.changed"):
        keys.switch_signing_key(seller, "base", to="another", now=NOW)
    with refused("signing_key.changed"):
        keys.discard_signing_key(seller, "base", key_id="another")
    with refused("signing_key.changed"):
        keys.first_signing_key(seller, "base", now=NOW)
    assert StagedKey.objects.get().key_id == first.key_id


def test_a_key_is_used_once_and_for_one_class() -> None:
    """saas-v2 §1.3: the same key cannot be bound to two types."""
    seller = make_seller(signing_key=OWN)
    with refused("signing_key.used"):
        stage(seller, secret=OWN)
    with refused("signing_key.used"):
        keys.first_signing_key(seller, "kit", secret=OWN, now=NOW)
    made = stage(seller)
    with refused("signing_key.used"):
        keys.first_signing_key(seller, "license", secret=made.secret, now=NOW)
    keys.switch_signing_key(seller, "base", to=made.key_id, now=NOW)
    with refused("signing_key.used"):
        stage(seller, secret=OWN)
    assert SigningKey.objects.count() == 2
    other = make_seller(signing_key=OWN)  # what another seller uses is nobody's business
    assert current(other).fingerprint != SigningKey.objects.filter(seller=seller).earliest("pk").fingerprint


@pytest.mark.parametrize(
    "secret",
    [
        "short",
        "x" * 15,
        "x" * 129,
        "a" * 16,
        "abcabcabcabcabcabc",
        "with blank 0123456",
        "schlüssel-0123456789",
        "key\n0123456789abcdef",
    ],
)
def test_an_own_key_is_long_and_plain(secret: str) -> None:
    seller = make_seller()
    with refused("signing_key.secret"):
        stage(seller, secret=secret)
    with refused("signing_key.secret"):
        keys.first_signing_key(seller, "kit", secret=secret, now=NOW)
    assert (StagedKey.objects.count(), SigningKey.objects.count()) == (0, 1)


@pytest.mark.parametrize("secret", [OWN, " 0123456789abcdef ", "a-b_c.d:e/f+g=h!i" + "0" * 111])
def test_an_own_key_is_taken_as_it_is(secret: str) -> None:
    seller = make_seller()
    keys.first_signing_key(seller, "kit", secret=secret, now=NOW)
    assert unseal(current(seller, "kit").sealed) == secret.strip()


def test_a_fingerprint_tells_nothing_of_the_key() -> None:
    seller = make_seller(signing_key=OWN)
    found = current(seller).fingerprint
    assert len(found) == 64
    assert OWN not in found
    assert keys.fingerprint(seller.pk, OWN) == found
    assert keys.fingerprint(seller.pk, OWN + "x") != found


def test_programs_that_set_a_market_up_may_take_a_key_again() -> None:
    seller = make_seller(signing_key=OWN)
    keys.rotate_signing_key(seller, "base", secret="another key of a program", now=NOW)
    keys.rotate_signing_key(seller, "base", secret=OWN, now=NOW)
    assert keys.signing_secrets(seller.pk, "base", now=NOW)[0] == OWN
    keys.rotate_signing_key(seller, "license", secret=OWN, now=NOW)
    assert keys.signing_secrets(seller.pk, "license", now=NOW) == (OWN,)


def test_what_a_test_call_said_is_kept_while_the_key_is_staged() -> None:
    seller = make_seller()
    made = stage(seller)
    keys.note_trial(made.key_id, knows=True, now=NOW)
    assert StagedKey.objects.get().verified_at == NOW
    keys.note_trial(made.key_id, knows=False, now=NOW)
    assert StagedKey.objects.get().verified_at is None
    keys.note_trial("gone", knows=True, now=NOW)
