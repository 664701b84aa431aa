"""What migrations write is there again after a transactional test: its flush empties every table.

The first agreements come with a migration, and companies cannot enter without them.
"""

from __future__ import annotations

from typing import Any

from django.test import TransactionTestCase

_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # Django's own


def _with_agreements(case: Any) -> None:
    from tradepost.market.identity.company_models import Agreement
    from tradepost.market.identity.first_agreements import make_first

    _teardown(case)
    make_first(Agreement.objects)


def make_again() -> None:
    TransactionTestCase._fixture_teardown = _with_agreements  # type: ignore[attr-defined]
