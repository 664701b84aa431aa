"""What an operator changes on the command line stands in the audit log as what they change in the console does.

Who it was is what the machine says: whoever is logged in, at its name.
"""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.market.audit.models import Outcome
    from tradepost.market.audit.record import Act, Subject


def actor() -> str:
    """``root@market-1``."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user that has no name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"


@dataclass(slots=True)
class Acting:
    """A command under way. ``done`` is called in the transaction of what it does."""

    act: Act

    def done(self, about: Subject | None = None) -> None:
        """``about``: what was acted on, where that is known only now."""
        from tradepost.market.audit.models import Outcome
        from tradepost.market.base.values import replace

        self._record(replace(self.act, about=about) if about is not None else self.act, Outcome.DONE)

    def refused(self, refused: Refused) -> None:
        from django.db import transaction

        from tradepost.market.audit.models import Outcome

        with transaction.atomic():
            self._record(self.act, Outcome.REFUSED, f"{refused.code}: {refused.message}")

    def _record(self, act: Act, outcome: Outcome, reason: str = "") -> None:
        from tradepost.market.audit.record import record
        from tradepost.market.base import clock

        record(act, outcome, now=clock.now(), reason=reason)


@contextmanager
def acting(name: str, about: Subject | None = None, /, **details: str) -> Iterator[Acting]:
    """Around the body of a command, in an open market. ``name``: without the ``cli`` that goes before it."""
    from tradepost.market.audit.details import kept
    from tradepost.market.audit.record import NOTHING, Act

    act = Act(
        name=f"cli {name}", actor=None, actor_text=actor(), about=about or NOTHING,
        details=kept((field, [value]) for field, value in details.items()),
    )  # fmt: skip
    under_way = Acting(act)
    try:
        yield under_way
    except Refused as refused:
        under_way.refused(refused)
        raise
