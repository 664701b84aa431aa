"""Passwords that are public in the source need no slow hash at first; they get one at the first sign-in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.factories import NOW
from tradepost.market.identity.models import User
from tradepost.market.seed.loading import ensure_account
from tradepost.market.seed.people import BUYER

pytestmark = pytest.mark.django_db
ARGON = "django.contrib.auth.hashers.Argon2PasswordHasher"


def test_demo_account_signs_in_with_its_password_and_then_has_a_slow_hash(settings: Any) -> None:
    settings.PASSWORD_HASHERS = [ARGON]
    user = ensure_account(BUYER, NOW)
    assert "$m=8,t=1,p=1$" in user.password
    assert not user.check_password("buyer-sandbox ")
    client = Client()
    assert client.post("/account/login/", {"login": BUYER.email, "password": BUYER.password}).status_code == 302
    saved_user = User.objects.get(pk=user.pk)
    assert "$m=102400,t=2,p=8$" in saved_user.password
    assert saved_user.check_password(BUYER.password)
