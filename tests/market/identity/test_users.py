"""Accounts are found by address in any letter case, using an index."""

from __future__ import annotations

import pytest

from tests.factories import make_buyer
from tests.market.plans import plan
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db


def test_address_lookup_ignores_letter_case() -> None:
    anna = make_buyer(email="Anna@Example.com", balance="0")
    make_buyer(email="annaX@example.com", balance="0")
    for spelling in ("Anna@Example.com", "anna@example.com", "ANNA@EXAMPLE.COM"):
        assert list(User.objects.by_email(spelling)) == [anna]
        assert User.objects.get_by_natural_key(spelling) == anna
    for other in ("", "anna", "anna_@example.com", "anna%@example.com"):
        assert not User.objects.by_email(other).exists()


def test_address_lookup_uses_an_index() -> None:
    """Invitations and the command line look accounts up by address; with ``iexact`` each lookup scanned every account."""
    assert "user_email" in plan(User.objects.by_email("anna@example.com"))
