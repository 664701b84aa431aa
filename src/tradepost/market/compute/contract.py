"""What an operator's cloud provides, so that the market can start servers from images on it (business-rules §5).

A package under ``adapters/`` with a ``CLOUD`` is one, and so is ``module:NAME`` of an installed package that the setting
``compute_adapter`` names. Every method asks the cloud once and says what it saw; whatever takes longer is told by
``State.CHANGING``, and the market then asks ``observe`` until it is over. Methods may be called again with the same ``token``
after a crash, and do nothing twice. They run outside of any transaction, and raise ``CloudError``.

A package with ``make(setup)`` instead of ``CLOUD`` is built from the settings and the cloud file (``cloud_file``).
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
    """Being made, started, stopped or given another disk: ask again."""
    UNFINISHED = "unfinished"
    """One step of several is done. The market calls the same method again with the same token."""
    RUNNING = "running"
    STOPPED = "stopped"
    GONE = "gone"
    """There is none, or none any more."""


class Action(StrEnum):
    """What is asked of a cloud about one server."""

    CREATE = "create"
    START = "start"
    STOP = "stop"
    RESUME = "resume"
    """A freeze is over: it starts, unless its buyer had stopped it."""
    REPLACE = "replace"
    """Its system disk is made anew from another image."""
    RELEASE = "release"


BECOMES = {
    Action.CREATE: State.RUNNING, Action.START: State.RUNNING, Action.RESUME: State.RUNNING, Action.STOP: State.STOPPED,
    Action.REPLACE: State.RUNNING, Action.RELEASE: State.GONE,
}  # fmt: skip
"""How a server is when that was done."""


class SystemImage(Struct, frozen=True, kw_only=True):
    """What a system disk is made of. ``reference``: ``asset:<key>`` of the version in the seller's asset center, whose file the
    cloud imported, or the code of one of the cloud's own images."""

    reference: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    user_name: str
    password: str = field(repr=False)


class NewServer(Struct, frozen=True, kw_only=True):
    name: str
    size: str
    """A code of ``Compute.sizes``."""
    image: SystemImage
    login: Login
    labels: Mapping[str, str] = {}
    """Tags that the server keeps in the cloud (``labels``): its market, its token and its order."""


class Seen(Struct, frozen=True, kw_only=True):
    """A server as the cloud says it is. ``healthy`` counts while it runs: an image is billed only then (business-rules §5).
    ``address``: by which its buyer reaches it, such as an IP address."""

    server_id: str
    state: State
    healthy: bool = True
    address: str = ""


class Offered(Struct, frozen=True, kw_only=True):
    """A size of servers, or an image of the cloud's own: its code, and what people read."""

    code: str
    title: Text


class Fault(StrEnum):
    """Why a cloud did not do something, as far as it says so."""

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
    """The cloud cannot be asked, or does not do it. ``final``: asking again changes nothing. ``str()``: the cloud's message, for
    operators. ``fault``: the reason, from which pages explain it."""

    def __init__(self, said: str, *, final: bool = False, fault: Fault = Fault.OTHER) -> None:
        super().__init__(said)
        self.final = final
        self.fault = fault


@contextmanager
def settings_are_final() -> Iterator[None]:
    """Make a refusal of the cloud file final. For requests that send ids of the cloud file: only there the cloud refuses those;
    elsewhere the same codes are transient."""
    try:
        yield
    except CloudError as refused:
        refused.final = refused.final or refused.fault is Fault.SETTINGS
        raise


class Owned(Struct, frozen=True, kw_only=True):
    """A server in the cloud that carries the market's tag."""

    server_id: str
    token: str
    """Of ``create``."""
    order: str = ""
    name: str = ""


class Compute(Protocol):
    name: str
    title: Text
    observe_every: timedelta | None
    """How often servers are looked at, in market time; None where every change is told."""
    sizes: Sequence[Offered]
    images: Sequence[Offered]
    """Its own public images, with which a buyer may replace a disk: nothing of the market is billed then."""

    def create(self, wanted: NewServer, *, token: str) -> Seen: ...

    def start(self, server_id: str, *, token: str) -> Seen: ...

    def stop(self, server_id: str, *, token: str) -> Seen: ...

    def replace_system(self, server_id: str, image: SystemImage, login: Login, *, token: str) -> Seen: ...

    def release(self, server_id: str, *, token: str) -> Seen:
        """Delete it with its disks. ``server_id`` may be empty, or unknown: what ``token`` made is deleted, if anything."""
        ...

    def observe(self, server_ids: Collection[str]) -> Mapping[str, Seen]:
        """These as they are now; one that is left out is gone."""
        ...


@runtime_checkable
class Inventory(Protocol):
    """A cloud that can list the servers of a market, so that orphans are found."""

    def owned(self, market: str) -> Sequence[Owned]:
        """Servers that exist and carry the tag of this market, whatever state they are in."""
        ...


@runtime_checkable
class Checkable(Protocol):
    """A cloud that can check its own configuration, for ``tradepost doctor``."""

    def check(self) -> Sequence[str]:
        """Problems of flavours, images and networks. Asks the cloud and changes nothing. Raises ``CloudError``."""
        ...
