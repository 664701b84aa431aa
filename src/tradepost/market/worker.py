"""Start a worker process: load modules, then run the engine (composed in ``wiring``)."""

from __future__ import annotations

import asyncio
import threading

from django.urls import get_resolver

from tradepost.market.base.collector import freeze_loaded_objects
from tradepost.market.production.engine import Engine
from tradepost.protocols.registry import protocols

from .wiring import setup

LOAD_AFTER = 3.0
"""Seconds. After a start, the web process needs the processor first."""


def load() -> None:
    """Import the protocols and pages now, so that the first order does not wait half a second for them."""
    protocols()
    get_resolver().check()


def run_worker(stop: threading.Event, *, name: str) -> None:
    """Run the engine, reactions, timers and mail until ``stop`` is set. Blocks the process."""
    timer = threading.Timer(LOAD_AFTER, load)
    timer.daemon = True
    timer.start()
    freeze_loaded_objects()
    try:
        import uvloop
    except ImportError:
        asyncio.run(Engine(setup(name)).run(stop))
    else:
        uvloop.run(Engine(setup(name)).run(stop))
