"""Records changes that an operator makes on the command line in the audit log, like those made in the console.

The actor is the machine's signed-in user, with the host name.
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
    """Return ``root@market-1``."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"


@dataclass(slots=True)
class RunningCommand:
    """A running command. ``done`` is called in the transaction of its change."""

    act: Act

    def done(self, about: Subject | None = None) -> None:
        """``about``: the subject, if it was unknown before."""
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
def recorded_act(name: str, about: Subject | None = None, /, **details: str) -> Iterator[RunningCommand]:
    """Surround the body of a command, in an open market. ``name``: without the prefix ``cli``."""
    from tradepost.market.audit.details import details_of
    from tradepost.market.audit.record import NO_SUBJECT, Act

    act = Act(
        name=f"cli {name}", actor=None, actor_text=actor(), about=about or NO_SUBJECT,
        details=details_of((field, [value]) for field, value in details.items()),
    )  # fmt: skip
    under_way = RunningCommand(act)
    try:
        yield under_way
    except Refused as refusal:
        under_way.refused(refusal)
        raise
