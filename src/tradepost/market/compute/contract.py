"""The contract of clouds on which the market starts servers from images (business-rules §5).

A cloud is a package under ``adapters/`` with a ``CLOUD``, or ``module:NAME`` of an installed package in the setting
``compute_adapter``. A package with ``make(setup)`` instead is built from the settings and the cloud file
(``cloud_file``).

Each method makes one request and returns the observed server. For longer work it returns ``State.CHANGING``; the market
then calls ``observe`` until the work is finished. Methods are idempotent for a ``token``, run outside transactions and
raise ``CloudError``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

from msgspec import Struct

from tradepost.protocols.text import Text


class State(StrEnum):
    CHANGING = "changing"
    """The cloud creates, starts or stops the server or replaces its disk. Observe it again."""
    UNFINISHED = "unfinished"
    """One of several steps is done. The market calls the same method again with the same token."""
    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"
    """The server does not exist, or no longer exists."""


class Action(StrEnum):
    """An action of the cloud on one server."""

    CREATE = "create"
    START = "start"
    STOP = "stop"
    RESUME = "resume"
    """Start the server after a freeze, unless the buyer had stopped it."""
    REPLACE = "replace"
    """Replace the system disk with one made from another image."""
    RELEASE = "release"


RESULTING_STATE = {
    Action.CREATE: State.RUNNING, Action.START: State.RUNNING, Action.RESUME: State.RUNNING, Action.STOP: State.STOPPED,
    Action.REPLACE: State.RUNNING, Action.RELEASE: State.GONE,
}  # fmt: skip
"""The state of a server after each action."""


class SystemImage(Struct, frozen=True, kw_only=True):
    """The image of a system disk.

    ``reference``: ``asset:<key>`` of the version in the seller's asset center whose file the cloud imported, or the
    code of one of the cloud's own images.
    """

    reference: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    user_name: str
    password: str = field(repr=False)


class NewServer(Struct, frozen=True, kw_only=True):
    name: str
    size: str
    """A code from ``Compute.sizes``."""
    image: SystemImage
    login: Login
    labels: Mapping[str, str] = {}
    """Tags of the server in the cloud (``labels``): its market, its token and its order."""


class ObservedServer(Struct, frozen=True, kw_only=True):
    """A server as observed in the cloud.

    ``healthy`` matters only while it runs: an image is billed only for healthy servers (business-rules §5).
    ``address``: where the buyer reaches the server, such as an IP address.
    """

    server_id: str
    state: State
    healthy: bool = True
    address: str = ""


class OfferedItem(Struct, frozen=True, kw_only=True):
    """A server size, or one of the cloud's own images: its code and its title."""

    code: str
    title: Text


class Fault(StrEnum):
    """The reason why a cloud did not perform an action, if known."""

    QUOTA = "quota"
    """The account has reached a limit."""
    CAPACITY = "capacity"
    """The cloud has no free resources of this size."""
    ADDRESSES = "addresses"
    """The subnet or network has no free address."""
    CREDENTIALS = "credentials"
    SETTINGS = "settings"
    """An image, flavour, network or key pair of the cloud file does not exist."""
    UNREACHABLE = "unreachable"
    OTHER = ""


class CloudError(Exception):
    """The cloud cannot be reached, or refused the action.

    ``final``: a retry is pointless. ``fault``: the reason, which pages explain. ``str()`` is the cloud's message for
    operators.
    """

    def __init__(self, message: str, *, final: bool = False, fault: Fault = Fault.OTHER) -> None:
        super().__init__(message)
        self.final = final
        self.fault = fault


@contextmanager
def settings_are_final() -> Iterator[None]:
    """Mark refusals of ids from the cloud file as final. Use it for requests that send such ids; elsewhere the same
    codes are transient."""
    try:
        yield
    except CloudError as refusal:
        refusal.final = refusal.final or refusal.fault is Fault.SETTINGS
        raise


class OwnedServer(Struct, frozen=True, kw_only=True):
    """A server in the cloud that carries the market's tag."""

    server_id: str
    token: str
    """Token of the call of ``create``."""
    order: str = ""
    name: str = ""


class Compute(Protocol):
    name: str
    title: Text
    observe_every: timedelta | None
    """Interval between observations, in market time; None if the cloud reports every change."""
    sizes: Sequence[OfferedItem]
    images: Sequence[OfferedItem]
    """The cloud's own public images, with which a buyer may replace a disk. The market then bills nothing for the
    image."""

    def create(self, new_server: NewServer, *, token: str) -> ObservedServer: ...

    def start(self, server_id: str, *, token: str) -> ObservedServer: ...

    def stop(self, server_id: str, *, token: str) -> ObservedServer: ...

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> ObservedServer: ...

    def release(self, server_id: str, *, token: str) -> ObservedServer:
        """Delete the server with its disks. If ``server_id`` is empty or unknown, delete the server that ``token``
        created."""
        ...

    def observe(self, server_ids: Collection[str]) -> Mapping[str, ObservedServer]:
        """Return the current state of the servers that the cloud lists. A missing server is not a deleted one."""
        ...

    def is_gone(self, server_id: str) -> bool:
        """Return whether the cloud answers, to a question about this server alone, that it does not exist or was
        deleted. This says nothing about another region, project or account: compare ``place``."""
        ...

    def place(self) -> str:
        """Return the region, project and account in which the cloud file makes and finds servers, as the cloud states
        them in a successful answer. A server that is missing in another place is not gone."""
        ...


@runtime_checkable
class Inventory(Protocol):
    """A cloud that can list the servers of a market, to find orphans."""

    def owned(self, market: str) -> Sequence[OwnedServer]:
        """Return the existing servers with this market's tag, in any state."""
        ...


@runtime_checkable
class Checkable(Protocol):
    """A cloud that can check its own configuration, for ``tradepost doctor``."""

    def check(self) -> Sequence[str]:
        """Return problems of flavours, images and networks. Reads only. Raises ``CloudError``."""
        ...
