"""What a check of a web site provides. A module under ``checks/`` with a ``CHECK`` is one; adding one edits no other file."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from tradepost.protocols.text import Text

from .contract import Fault, Outcome
from .site import Site


class Check(Struct, frozen=True, kw_only=True):
    """``faults``: every one that it may find. ``order``: in which checks run, and in which the report lists them. ``run`` may
    raise ``CannotTest`` at any point; what it gave before stands."""

    code: str
    order: int
    title: Text
    faults: tuple[Fault, ...]
    run: Callable[[Site], Iterable[Outcome]]
