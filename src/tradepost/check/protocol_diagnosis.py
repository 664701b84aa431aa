"""Detects the seller's actual protocol version if it refuses all requests of another one."""

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


def detect_protocol(caller: Caller) -> str:
    """Return the version whose correct test call is accepted; empty if there is none, or if the tested version is
    accepted."""
    tested_target = caller.target
    if any(_accepts(caller, tested_target, kind) for kind in (Create,) if tested_target.has(kind)):
        return ""
    # Versions with more activities first: a smaller version shares names with a larger one.
    for name in sorted(registry.protocols(), key=lambda name: -len(registry.protocol(name).activities)):
        candidate = target_of(name)
        if name != caller.options.protocol and _accepts(caller, candidate, _identifying_activity(candidate)):
            return name
    return ""


def _identifying_activity(target: Target) -> type[Command]:
    """Return the activity that identifies a version: several versions create instances with the same request."""
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
