"""Read each table of a copy of personal data for the people with the most rows, in more than one batch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from itertools import islice

from tradepost.market.auth_centre import personal as auth_centre
from tradepost.market.base.personal import Exported, Person
from tradepost.market.identity.models import User
from tradepost.market.personal_data import declared, person_rows
from tradepost.market.personal_data.erase import person_of

from .everything import Deed
from .many import Size


def copies(size: Size) -> Iterator[Deed]:
    """Copy the data of the largest buyer, who is also in an enterprise, of the largest seller's member, and of the
    operator."""
    for pk in (1, size.member(1), size.operator):
        person = person_of(User.objects.get(pk=pk))
        for one in (*declared.exported_tables(), *auth_centre.EXPORTED):
            yield Deed(f"copy of {one.name} of account {pk}", partial(_read, one, person))


def _read(one: Exported, person: Person, _prepared: object) -> None:
    deque(islice(person_rows.rows(one, person), person_rows.BATCH + 10), maxlen=0)
