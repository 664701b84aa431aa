"""Guesses which version of the protocol a seller speaks, where it refuses all that the tester asks in another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tradepost.protocols import registry
from tradepost.protocols.commands import Create, Query

from .target import target_of

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command
    from tradepost.protocols.http import Request

    from .caller import Caller
    from .target import Target


def spoken_instead(caller: Caller) -> str:
    """The name of the version whose correct test call is accepted; empty when none is, or when the one asked for is."""
    own = caller.target
    if any(_accepts(caller, own, kind) for kind in (Create,) if own.has(kind)):
        return ""
    # Those that know more first: a smaller version shares words with a larger one.
    for name in sorted(registry.protocols(), key=lambda name: -len(registry.protocol(name).activities)):
        other = target_of(name)
        if name != caller.options.protocol and _accepts(caller, other, _telling(other)):
            return name
    return ""


def _telling(target: Target) -> type[Command]:
    """The activity that tells a version from the others: several make instances in the same words."""
    if target.has(Query) and Query not in target.specification.optional:
        return Query
    return Create if target.has(Create) else next(iter(target.protocol.activities))


def _accepts(caller: Caller, target: Target, kind: type[Command]) -> bool:
    request = _test_call(caller, target, kind)
    return request is not None and caller.send(request).accepted


def _test_call(caller: Caller, target: Target, kind: type[Command]) -> Request | None:
    command = caller.samples.of(kind, caller.samples.unknown_id(), test=True)
    if command is None:
        return None
    inputs = caller.signing_inputs()
    return target.protocol.encode(
        command, address=caller.options.url, key=inputs.key, now=inputs.now, nonce=inputs.nonce
    )
