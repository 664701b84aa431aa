"""A worker process: what it loads and spares before the engine runs (``wiring`` composes it)."""

from __future__ import annotations

import asyncio
import threading

from django.urls import get_resolver

from tradepost.market.base.collector import spare_what_is_loaded
from tradepost.market.production.engine import Engine
from tradepost.protocols.registry import protocols

from .wiring import setup

LOAD_AFTER = 3.0
"""Seconds: a market that starts has a web process that needs the processor first."""


def load() -> None:
    """Import what the first order would otherwise wait for: protocols, and the pages that notices lead to (half a second)."""
    protocols()
    get_resolver().check()


def run_worker(stop: threading.Event, *, name: str) -> None:
    """Run the engine, its reactions, timers and mail until ``stop`` is set. For a process that does nothing else."""
    soon = threading.Timer(LOAD_AFTER, load)
    soon.daemon = True
    soon.start()
    spare_what_is_loaded()
    try:
        import uvloop
    except ImportError:
        asyncio.run(Engine(setup(name)).run(stop))
    else:
        uvloop.run(Engine(setup(name)).run(stop))
