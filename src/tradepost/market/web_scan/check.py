"""The interface of a website check: a module under ``checks/`` with a ``CHECK``. Adding one edits no other file."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct

from tradepost.protocols.text import Text

from .contract import Fault, Outcome
from .site import Site


class Check(Struct, frozen=True, kw_only=True):
    """``faults``: all that it may find. ``order``: of running and reporting. ``run`` may raise ``CannotTest`` at any
    point; earlier outcomes stay valid."""

    code: str
    order: int
    title: Text
    faults: tuple[Fault, ...]
    run: Callable[[Site], Iterable[Outcome]]
