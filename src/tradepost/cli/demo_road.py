"""Publication of a running demo's products, or debugging of their cases with the port and key of this start. A thread
of the command calls the same functions as the pages; the worker and the sample seller do the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tradepost.cli import demo_joint, sample_seller, terminal
from tradepost.cli.demo_joint import Joint
from tradepost.market.base.errors import Refused
from tradepost.market.base.settings.compute import SANDBOX_CLOUD

if TYPE_CHECKING:
    from tradepost.cli.replacing import Replacing
    from tradepost.market.base.config import Config
    from tradepost.market.seed import Road

END_TIMEOUT = 5.0


@contextmanager
def publishing(config: Config, seller_port: int, joint_port: int, replacing: Replacing) -> Iterator[None]:
    """Publish the products while the block runs. Problems are printed in the terminal and stop nothing, since the store
    is open. ``replacing``: requests to the block's thread to replace programs."""
    stop = threading.Event()
    joint = Joint(config=config, port=joint_port, replacing=replacing, stopped=stop.is_set)
    thread = threading.Thread(target=_publish, args=(joint, seller_port), name="demo-road", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(END_TIMEOUT)


def _publish(joint: Joint, seller_port: int) -> None:
    from django.db import DatabaseError, connection

    config, stopped = joint.config, joint.stopped
    try:
        joins = demo_joint.start(joint)
        if sample_seller.wait_for(seller_port, stopped):
            publish(config, seller_port, stopped)
            ask(config, stopped)
            deliver(config, seller_port, stopped)
            if not stopped():
                open_on_demand()
                use_a_package(config, seller_port, stopped)
                run_servers(config, seller_port, stopped)
                invoice(config, seller_port, stopped)
        if joins and not stopped():
            demo_joint.complete_setup(joint)
    except (Refused, DatabaseError) as error:
        terminal.warn(f"Not all of the demo is there: {error} The next start goes on.")
    finally:
        connection.close()


def open_on_demand() -> None:
    """Open on-demand services for the demo's buyers, which have usage once the clock is moved."""
    from tradepost.market import seed
    from tradepost.market.base import clock

    seed.open_on_demand(clock.now())


def use_a_package(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """Create a partly used usage package."""
    from zoneinfo import ZoneInfo

    from django.conf import settings

    from tradepost.market import seed
    from tradepost.market.metering.intake import rule_of

    rule = rule_of(
        usage_max_age_days=config.metering.usage_max_age_days,
        usage_future_skew_seconds=config.metering.usage_future_skew_seconds,
    )
    with suppress(seed.StoppingError):
        seed.use_a_package(_road(config, seller_port, stopped), rule=rule, zone=ZoneInfo(settings.TIME_ZONE))


def run_servers(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """Run an image on two servers of the sandbox's cloud; nothing if the market has another cloud or none."""
    from tradepost.market import seed
    from tradepost.market.compute.registry import cloud
    from tradepost.market.sites.seller_center.uploads import limits
    from tradepost.market.sites.storefront.servers import rules_now

    if config.cloud_name != SANDBOX_CLOUD or stopped():
        return
    with suppress(seed.StoppingError):
        road = _road(config, seller_port, stopped)
        seed.run_servers(road, cloud=cloud(config.cloud_name), rules=rules_now(), limits=limits())


def invoice(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """Create an invoice in each state, for purchases of the demo's buyer."""
    from tradepost.market import seed

    with suppress(seed.StoppingError):
        seed.invoice_the_demo(_road(config, seller_port, stopped))


def publish(config: Config, seller_port: int, stopped: Callable[[], bool] = lambda: False) -> None:
    """Publish the products in this thread. Raises ``Refused``; ends early if stopped."""
    from tradepost.market import seed

    with suppress(seed.StoppingError):
        seed.publish_all(_road(config, seller_port, stopped))


def _road(config: Config, seller_port: int, stopped: Callable[[], bool]) -> Road:
    from tradepost.market import seed
    from tradepost.market.base import clock

    address = sample_seller.address(seller_port)
    return seed.Road(seller_address=address, settings=config, now=clock.now, stopped=stopped)


def ask(config: Config, stopped: Callable[[], bool]) -> None:
    """Create demands of the demo's people, once its products are on sale."""
    from django.utils import timezone

    from tradepost.market import seed
    from tradepost.market.base import clock
    from tradepost.market.service_desk.desk_settings import desk_rules_of

    if not stopped() and seed.is_published():
        seed.create_demands(rules=desk_rules_of(config, timezone.get_default_timezone()), now=clock.now())


def deliver(config: Config, seller_port: int, stopped: Callable[[], bool]) -> None:
    """Deliver half of a service that people deliver."""
    from tradepost.market import seed
    from tradepost.market.web.supervision_view import clocks_now

    if not stopped() and seed.is_published():
        with suppress(seed.StoppingError):
            seed.create_delivery(_road(config, seller_port, stopped), clocks=clocks_now())
