"""Beside a running demo: the sample of joint operation, a product that is sold with it, and an enterprise whose people use that.

A thread of the command does it by the verbs of the pages. The seller's program is told the id of its credential when it is started, so
it is started anew once there is one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tradepost.cli import joint_seller, sample_seller, terminal
from tradepost.cli.joint_seller import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradepost.cli.replacing import Replacing
    from tradepost.market.applications.models import Application
    from tradepost.market.base.config import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """``port``: on which the sample listens."""

    config: Config
    port: int
    replacing: Replacing
    stopped: Callable[[], bool]

    @property
    def is_free(self) -> bool:
        """Whether it may listen where its credential says: the callback of a credential is never another one."""
        applied = _application()
        return applied is None or urlsplit(applied.login_url).port == self.port


def start(joint: Joint) -> bool:
    """Whether it listens."""
    if not joint.is_free:
        terminal.warn(
            "Something else listens where the sample of joint operation was registered, so nobody can sign in to its application. "
            "Stop that and start the demo again."
        )
        return False
    return _start(joint)


def go_on(joint: Joint) -> None:
    """The credential, the product, the enterprise. Raises ``Refused`` for what a person would have to mend."""
    from tradepost.market import seed
    from tradepost.market.base import clock

    server = seed.JointServer(
        root=joint_seller.root(joint.port), public_key=joint_seller.key_pair(joint.config.data).public
    )
    road = seed.Road(seller_address=server.address, settings=joint.config, now=clock.now, stopped=joint.stopped)
    with suppress(seed.Stopped):
        known = _application() is not None
        applied = seed.apply_once(road, server)
        if known or _start(joint):
            seed.open_enterprise(road, seed.list_once(road, server, applied))


def _start(joint: Joint) -> bool:
    from tradepost.market import seed
    from tradepost.market.base import clock

    config, applied = joint.config, _application()
    base, kit = seed.joint_keys(clock.now())
    keys = Keys(base=base, kit=kit, pair=joint_seller.key_pair(config.data))
    program = joint_seller.program(
        joint.port, market=config.base_url, keys=keys, app_id=applied.app_id if applied else "", data=config.data
    )
    return joint.replacing.ask(program, stopped=joint.stopped) and sample_seller.wait_for(joint.port, joint.stopped)


def _application() -> Application | None:
    from tradepost.market import seed

    return seed.joint_application()
