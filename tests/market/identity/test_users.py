"""A person is found by the address however it is spelt, and by an index however many people there are."""

from __future__ import annotations

import pytest

from tests.factories import make_buyer
from tests.market.plans import plan
from tradepost.market.identity.models import User

pytestmark = pytest.mark.django_db


def test_an_address_is_found_however_it_is_spelt() -> None:
    anna = make_buyer(email="Anna@Example.com", balance="0")
    make_buyer(email="annaX@example.com", balance="0")
    for spelt in ("Anna@Example.com", "anna@example.com", "ANNA@EXAMPLE.COM"):
        assert list(User.objects.by_email(spelt)) == [anna]
        assert User.objects.get_by_natural_key(spelt) == anna
    for other in ("", "anna", "anna_@example.com", "anna%@example.com"):
        assert not User.objects.by_email(other).exists()


def test_an_address_is_found_by_its_index() -> None:
    """As typed at an invitation and at the command line: with ``iexact`` either read every account."""
    assert "user_email" in plan(User.objects.by_email("anna@example.com"))
