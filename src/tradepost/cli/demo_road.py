"""Beside a running demo: its products go their road to the shelf, or their cases are debugged anew at the port and with the key
of this start. A thread of the command does it by the verbs of the pages; the worker and the sample seller do the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tradepost.cli import demo_joint, sample_seller, terminal
from tradepost.cli.demo_joint import Joint
from tradepost.market.base.compute_settings import SANDBOX_CLOUD
from tradepost.market.base.errors import Refused

if TYPE_CHECKING:
    from tradepost.cli.replacing import Replacing
    from tradepost.market.base.config import Config
    from tradepost.market.seed import Road

ENDS_WITHIN = 5.0


@contextmanager
def walking(config: Config, seller_port: int, joint_port: int, replacing: Replacing) -> Iterator[None]:
    """Walk while the block runs. What goes wrong is told in the terminal and stops nothing: the shop is open. ``replacing``: how the
    block's thread is asked for programs."""
    stop = threading.Event()
    joint = Joint(config=config, port=joint_port, replacing=replacing, stopped=stop.is_set)
    thread = threading.Thread(target=_walk, args=(joint, seller_port), name="demo-road", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(ENDS_WITHIN)


def _walk(joint: Joint, seller_port: int) -> None:
    from django.db import DatabaseError, connection

    config, stopped = joint.config, joint.stopped
    try:
        joins = demo_joint.start(joint)
        if sample_seller.wait_for(seller_port, stopped):
            walk(config, seller_port, stopped)
            ask(config, stopped)
            deliver(config, seller_port, stopped)
            if not stopped():
                open_on_demand()
                use_a_package(config, seller_port, stopped)
                run_servers(config, seller_port, stopped)
                invoice(config, seller_port, stopped)
        if joins and not stopped():
            demo_joint.go_on(joint)
    except (Refused, DatabaseError) as wrong:
        terminal.warn(f"Not all of the demo is there: {wrong} The next start goes on.")
    finally:
        connection.close()


def open_on_demand() -> None:
    """What the demo's buyers use: so there is usage to look at, once the clock is moved."""
    from tradepost.market import seed
    from tradepost.market.base import clock

    seed.open_on_demand(clock.now())


def use_a_package(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """A package of uses that is partly used."""
    from zoneinfo import ZoneInfo

    from django.conf import settings

    from tradepost.market import seed
    from tradepost.market.metering.intake import rule_of

    rule = rule_of(
        usage_max_age_days=config.usage_max_age_days, usage_future_skew_seconds=config.usage_future_skew_seconds
    )
    with suppress(seed.Stopped):
        seed.use_a_package(_road(config, seller_port, stopped), rule=rule, zone=ZoneInfo(settings.TIME_ZONE))


def run_servers(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """An image on two servers of the sandbox's cloud; nothing where the market has another cloud, or none."""
    from tradepost.market import seed
    from tradepost.market.compute.registry import cloud
    from tradepost.market.sites.seller_center.uploads import limits
    from tradepost.market.sites.storefront.servers import rules_now

    if config.cloud_name != SANDBOX_CLOUD or stopped():
        return
    with suppress(seed.Stopped):
        road = _road(config, seller_port, stopped)
        seed.run_servers(road, cloud=cloud(config.cloud_name), rules=rules_now(), limits=limits())


def invoice(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """One invoice in each state, over what the demo's buyer buys for it."""
    from tradepost.market import seed

    with suppress(seed.Stopped):
        seed.invoice_the_demo(_road(config, seller_port, stopped))


def walk(config: Config, seller_port: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """In this thread. Raises ``Refused``; ends early when it is told to."""
    from tradepost.market import seed

    with suppress(seed.Stopped):
        seed.walk(_road(config, seller_port, stopped))


def _road(config: Config, seller_port: int, stopped: Callable[[], bool]) -> Road:
    from tradepost.market import seed
    from tradepost.market.base import clock

    address = sample_seller.address(seller_port)
    return seed.Road(seller_address=address, settings=config, now=clock.now, stopped=stopped)


def ask(config: Config, stopped: Callable[[], bool]) -> None:
    """What people of the demo need, once its products are on the shelf."""
    from django.utils import timezone

    from tradepost.market import seed
    from tradepost.market.base import clock
    from tradepost.market.service_desk.desk_settings import desk_rules_of

    if not stopped() and seed.is_walked():
        seed.ask(rules=desk_rules_of(config, timezone.get_default_timezone()), now=clock.now())


def deliver(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """A service of the demo that people deliver, half way."""
    from tradepost.market import seed
    from tradepost.market.web.supervision_view import clocks_now

    if not stopped() and seed.is_walked():
        with suppress(seed.Stopped):
            seed.deliver(_road(config, seller_port, stopped), clocks=clocks_now())
