"""Definition of a mutant, and decorators to write one: change the shop, its requests, or its answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from tradepost.protocols import registry
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.http import Request, Response

from .any_shop import AnySeller, any_seller
from .kept_server import Loop
from .shop import KEY, Shop

type Answer = Response | bytes
"""Bytes if the mutant's mistake is in the framing."""
type Answering = Callable[[Request, datetime, str], Answer]

V1, V2 = "saas_v1", "saas_v2"
LICENSE, CODE, ONLINE, NOTICE = "license_v1", "license_code", "license_online", "order_notice"
ISSUING = (LICENSE, ONLINE)
"""Versions that create something as SaaS does, and sell licenses."""
MUTANTS: dict[str, Mutant] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """``diagnosis``: the mistake that the tester must name. ``groups``: the groups of checks that suffice to find it."""

    name: str
    protocol: str
    diagnosis: str
    groups: frozenset[str]
    build: Callable[[Path], Answering]
    timeout: float = 20
    patience: float = 1
    restart: str = ""
    """A file that the tester's restart command creates in the mutant's folder."""
    replay_after: float = 0
    warned: bool = False
    """The mistake is reported as a warning: the specification does not cover it, or only recommends."""
    reads_once: bool = False
    """Its server takes the result of one socket read for the whole body."""
    answer_within: float | None = None
    """Seconds that it may take for an answer, so that a slow mutant need not be slow for seconds."""
    one_thread: bool = False
    """Its server handles one connection at a time, with room for one more to wait."""
    loop: Loop | None = None
    """How it handles a connection, if it keeps connections."""
    within: float = 120
    """Seconds for the whole run."""
    public_key: str = ""
    """PEM for the tester, of a key that the seller has."""


def mutant(
    diagnosis: str,
    *groups: str,
    protocols: tuple[str, ...] = (V2,),
    timeout: float = 20,
    patience: float = 1,
    restart: str = "",
    reads_once: bool = False,
    one_thread: bool = False,
    answer_within: float | None = None,
    replay_after: float = 0,
    warned: bool = False,
    loop: Loop | None = None,
    within: float = 120,
    public_key: str = "",
) -> Callable[[Callable[[Path, str], Answering]], Callable[[Path, str], Answering]]:
    """Declare the mutant that ``build(folder, protocol)`` returns. Its name is that of the function."""

    def declare(build: Callable[[Path, str], Answering]) -> Callable[[Path, str], Answering]:
        for protocol in protocols:
            name = f"{protocol}-{build.__name__}"
            assert name not in MUTANTS, name
            MUTANTS[name] = Mutant(
                name=name,
                protocol=protocol,
                diagnosis=diagnosis,
                groups=frozenset(groups),
                build=partial(_built, build, protocol),
                timeout=timeout,
                patience=patience,
                restart=restart,
                reads_once=reads_once,
                one_thread=one_thread,
                answer_within=answer_within,
                replay_after=replay_after,
                warned=warned,
                loop=loop,
                within=within,
                public_key=public_key,
            )
        return build

    return declare


def _built(build: Callable[[Path, str], Answering], protocol: str, folder: Path) -> Answering:
    return build(folder, protocol)


def shop_mutant[S: type[Shop]](
    diagnosis: str,
    *groups: str,
    protocols: tuple[str, ...] = (V2,),
    patience: float = 1,
    answer_within: float | None = None,
    warned: bool = False,
) -> Callable[[S], S]:
    """Declare a shop whose own work is wrong. In the smaller versions it sells licenses too."""

    def declare(kind: S) -> S:
        def build(folder: Path, protocol: str) -> Answering:
            if protocol in {V1, V2}:
                return kind(folder, registry.protocol(protocol)).respond
            seller = kind if issubclass(kind, AnySeller) else type(kind.__name__, (kind, AnySeller), {})
            return any_seller(folder, protocol, seller).respond

        build.__name__ = kind.__name__
        mutant(diagnosis, *groups, protocols=protocols, patience=patience, answer_within=answer_within, warned=warned)(
            build
        )
        return kind

    return declare


def wire_mutant[P: SellerProtocol](
    diagnosis: str, *groups: str, replay_after: float = 0, warned: bool = False
) -> Callable[[type[P]], type[P]]:
    """Declare a protocol object that reads or writes one part wrongly, in an honest shop."""

    def declare(kind: type[P]) -> type[P]:
        def build(folder: Path, protocol: str) -> Answering:
            return Shop(folder, kind()).respond

        build.__name__ = kind.__name__
        mutant(diagnosis, *groups, protocols=(kind().name,), replay_after=replay_after, warned=warned)(build)
        return kind

    return declare


type Rewrite = Callable[[Request, Response], Answer]


def answer_mutant(
    diagnosis: str,
    *groups: str,
    protocols: tuple[str, ...] = (V2,),
    timeout: float = 20,
    warned: bool = False,
    answer_within: float | None = None,
) -> Callable[[Rewrite], Rewrite]:
    """Declare a change of an honest shop's answers before they are sent."""

    def declare(rewrite: Rewrite) -> Rewrite:
        def build(folder: Path, protocol: str) -> Answering:
            shop = Shop(folder, registry.protocol(protocol)) if protocol in {V1, V2} else any_seller(folder, protocol)
            return lambda request, now, nonce: rewrite(request, shop.respond(request, now, nonce))

        build.__name__ = rewrite.__name__
        mutant(diagnosis, *groups, protocols=protocols, timeout=timeout, warned=warned, answer_within=answer_within)(
            build
        )
        return rewrite

    return declare


__all__ = [
    "CODE",
    "ISSUING",
    "KEY",
    "LICENSE",
    "MUTANTS",
    "NOTICE",
    "ONLINE",
    "V1",
    "V2",
    "Answer",
    "Answering",
    "Mutant",
    "Shop",
]
