"""Joint operation in a running demo: the sample application, a product with it, and an enterprise that uses it.

A thread of the command calls the same functions as the pages. The sample needs the ID of its credential at its start,
so it is restarted once the credential exists.
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
    """``port``: the sample's port."""

    config: Config
    port: int
    replacing: Replacing
    stopped: Callable[[], bool]

    @property
    def is_free(self) -> bool:
        """Whether the sample may use the port: the callback of a credential never changes."""
        application = _application()
        return application is None or urlsplit(application.login_url).port == self.port


def start(joint: Joint) -> bool:
    """Start the sample. Return whether it listens."""
    if not joint.is_free:
        terminal.warn(
            "Something else listens where the sample of joint operation was registered, so nobody can sign in to its application. "
            "Stop that and start the demo again."
        )
        return False
    return _start(joint)


def complete_setup(joint: Joint) -> None:
    """Create the credential, the product and the enterprise. Raises ``Refused`` for problems that a user must
    resolve."""
    from tradepost.market import seed
    from tradepost.market.base import clock

    server = seed.JointServer(
        root=joint_seller.root(joint.port), public_key=joint_seller.key_pair(joint.config.data).public
    )
    road = seed.Road(seller_address=server.address, settings=joint.config, now=clock.now, stopped=joint.stopped)
    with suppress(seed.StoppingError):
        exists = _application() is not None
        application = seed.ensure_credential(road, server)
        if exists or _start(joint):
            seed.open_enterprise(road, seed.ensure_listed(road, server, application))


def _start(joint: Joint) -> bool:
    from tradepost.market import seed
    from tradepost.market.base import clock

    config, application = joint.config, _application()
    base, kit = seed.joint_keys(clock.now())
    keys = Keys(base=base, kit=kit, pair=joint_seller.key_pair(config.data))
    program = joint_seller.program(
        joint.port,
        market=config.base_url,
        keys=keys,
        app_id=application.app_id if application else "",
        data=config.data,
    )
    return joint.replacing.ask(program, stopped=joint.stopped) and sample_seller.wait_for(joint.port, joint.stopped)


def _application() -> Application | None:
    from tradepost.market import seed

    return seed.joint_application()
