"""Signing keys: bound to one interface class, never reused, staged before calls are signed with them (saas-v2 §1.3, §2.1; issue 9)."""

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
OWN_KEY = "0123456789abcdef0123456789ABCDEF"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def current_key(seller: Seller, interface_class: str = "base") -> SigningKey:
    return SigningKey.objects.get(seller=seller, interface_class=interface_class, valid_until=None)


def stage(seller: Seller, *, secret: str = "", replaces: str | None = None) -> keys.NewKey:
    replaced_id = current_key(seller).key_id if replaces is None else replaces
    return keys.stage_signing_key(seller, "base", replaces=replaced_id, secret=secret, by=None, now=NOW)


def test_staged_key_signs_only_after_the_switch() -> None:
    seller = make_seller(signing_key="the key in use")
    staged = stage(seller)
    assert keys.signing_secrets(seller.pk, "base", now=NOW) == ("the key in use",)
    assert not Event.objects.filter(name="signing_key_rotated").exists()

    keys.switch_signing_key(seller, "base", to=staged.key_id, now=NOW)

    assert keys.signing_secrets(seller.pk, "base", now=NOW) == (staged.secret, "the key in use")
    assert keys.signing_secrets(seller.pk, "base", now=NOW + timedelta(hours=24)) == (staged.secret,)
    assert Event.objects.filter(name="signing_key_rotated").count() == 1
    assert (current_key(seller).key_id, StagedKey.objects.count()) == (staged.key_id, 0)


def test_discarded_key_changes_nothing_and_can_be_staged_again() -> None:
    seller = make_seller()
    before = current_key(seller).pk
    staged = stage(seller, secret=OWN_KEY)
    keys.discard_signing_key(seller, "base", key_id=staged.key_id)
    assert (current_key(seller).pk, StagedKey.objects.count()) == (before, 0)
    with refused("signing_key.changed"):
        keys.switch_signing_key(seller, "base", to=staged.key_id, now=NOW)
    stage(seller, secret=OWN_KEY)


def test_outdated_form_is_refused() -> None:
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


def test_key_cannot_be_reused_by_the_same_seller() -> None:
    """saas-v2 §1.3: the same key cannot be bound to two types."""
    seller = make_seller(signing_key=OWN_KEY)
    with refused("signing_key.used"):
        stage(seller, secret=OWN_KEY)
    with refused("signing_key.used"):
        keys.first_signing_key(seller, "kit", secret=OWN_KEY, now=NOW)
    staged = stage(seller)
    with refused("signing_key.used"):
        keys.first_signing_key(seller, "license", secret=staged.secret, now=NOW)
    keys.switch_signing_key(seller, "base", to=staged.key_id, now=NOW)
    with refused("signing_key.used"):
        stage(seller, secret=OWN_KEY)
    assert SigningKey.objects.count() == 2
    other = make_seller(signing_key=OWN_KEY)  # another seller may use the same key
    assert current_key(other).fingerprint != SigningKey.objects.filter(seller=seller).earliest("pk").fingerprint


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
def test_weak_own_key_is_refused(secret: str) -> None:
    seller = make_seller()
    with refused("signing_key.secret"):
        stage(seller, secret=secret)
    with refused("signing_key.secret"):
        keys.first_signing_key(seller, "kit", secret=secret, now=NOW)
    assert (StagedKey.objects.count(), SigningKey.objects.count()) == (0, 1)


@pytest.mark.parametrize("secret", [OWN_KEY, " 0123456789abcdef ", "a-b_c.d:e/f+g=h!i" + "0" * 111])
def test_own_key_is_stored_unchanged(secret: str) -> None:
    seller = make_seller()
    keys.first_signing_key(seller, "kit", secret=secret, now=NOW)
    assert unseal(current_key(seller, "kit").sealed) == secret.strip()


def test_fingerprint_does_not_reveal_the_key() -> None:
    seller = make_seller(signing_key=OWN_KEY)
    fingerprint = current_key(seller).fingerprint
    assert len(fingerprint) == 64
    assert OWN_KEY not in fingerprint
    assert keys.fingerprint(seller.pk, OWN_KEY) == fingerprint
    assert keys.fingerprint(seller.pk, OWN_KEY + "x") != fingerprint


def test_setup_programs_may_reuse_a_key() -> None:
    seller = make_seller(signing_key=OWN_KEY)
    keys.rotate_signing_key(seller, "base", secret="another key of a program", now=NOW)
    keys.rotate_signing_key(seller, "base", secret=OWN_KEY, now=NOW)
    assert keys.signing_secrets(seller.pk, "base", now=NOW)[0] == OWN_KEY
    keys.rotate_signing_key(seller, "license", secret=OWN_KEY, now=NOW)
    assert keys.signing_secrets(seller.pk, "license", now=NOW) == (OWN_KEY,)


def test_result_of_a_test_call_is_stored_with_the_staged_key() -> None:
    seller = make_seller()
    staged = stage(seller)
    keys.record_trial(staged.key_id, knows=True, now=NOW)
    assert StagedKey.objects.get().verified_at == NOW
    keys.record_trial(staged.key_id, knows=False, now=NOW)
    assert StagedKey.objects.get().verified_at is None
    keys.record_trial("gone", knows=True, now=NOW)
