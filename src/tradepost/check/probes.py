"""Probes: requests for each kind of answer, successes and refusals of all paths through a seller's server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tradepost.protocols.commands import Command, Query
from tradepost.protocols.text import Text

from .answers import Answer
from .dialects import UrlDialect
from .outcomes import Skipped

if TYPE_CHECKING:
    from .caller import Caller

type Probe = Callable[[Caller], Answer]


def harmless(caller: Caller) -> Answer:
    return caller.ask(caller.harmless())


def test_call(kind: type[Command]) -> Probe:
    def probe(caller: Caller) -> Answer:
        caller.need(kind)
        command = caller.samples.of(kind, caller.any_id(), test=True)
        if command is None:
            raise Skipped(Text(en="the tester has no sample of this request", zh="测试程序没有该请求的样例"))
        return caller.ask(command)

    return probe


def real_query(caller: Caller) -> Answer:
    return caller.ask(Query(instance_ids=(caller.instance(keep=True).instance_id,)))


def forged(caller: Caller) -> Answer:
    dialect = caller.target.dialect
    return caller.send(dialect.put(caller.request(caller.harmless()), dialect.token, "0" * 64))


def unknown_activity(caller: Caller) -> Answer:
    return caller.send(caller.changed(caller.harmless(), {"activity": "noSuchActivity"}))


def incomplete(caller: Caller) -> Answer:
    command = caller.harmless(test=False)
    names = {"activity", "testFlag"}
    members = caller.target.dialect.members(caller.request(command))
    return caller.send(caller.changed(command, {name: None for name in members if name not in names}))


def bad_type(caller: Caller) -> Answer:
    command = caller.harmless(test=False)
    members = caller.target.dialect.members(caller.request(command))
    return caller.send(caller.changed(command, {name: [{"x": 1}] for name in members if name != "activity"}))


def unknown_instance(caller: Caller) -> Answer:
    return caller.ask(Query(instance_ids=(caller.samples.unknown_id(),)))


def not_json(caller: Caller) -> Answer:
    dialect = caller.target.dialect
    assert isinstance(dialect, UrlDialect)
    return caller.send(
        dialect.signed_bytes(caller.request(caller.harmless()), b"\xff{not json", caller.signing_inputs())
    )


def bare(caller: Caller) -> Answer:
    request = caller.request(caller.harmless())
    dialect = caller.target.dialect
    for name in (dialect.token, dialect.timestamp, dialect.nonce):
        if name:
            request = dialect.put(request, name, None)
    return caller.send(request)
