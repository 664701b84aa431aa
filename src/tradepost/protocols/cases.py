"""Debug cases: what of each activity a seller tries out before anybody buys, as data of each protocol folder (saas-v2 §5,
saas-v1-license A4).

A folder declares in ``cases.py`` its ``CASES`` (activity × variant × what needs it), the ``TABLES`` of their forms and ``read``,
which makes typed values into a command with the folder's own reader. A folder without it has none.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from . import registry
from .case_values import sample_value
from .commands import ChargingMode, Command
from .contract import Denied
from .field_words import words_of
from .text import Text
from .wire_fields import Breach, Field, Kind, violations

LONGEST_VALUE = 4096
"""Characters of one typed value, where its table names no limit."""
ONE_LINE = 1000
"""Characters of a value from which on it is typed in several lines."""
GENERATED = frozenset({"authToken", "timeStamp", "activity", "testFlag", "businessId"})
"""Members that are made anew for each call, or are the same in all of them: nobody types them (saas-v2 §5.2)."""
NEITHER_SENT_NOR_READ = frozenset({"provisionType", "extension"})
_INTEGER = re.compile(r"[0-9]{1,18}")


class Need(StrEnum):
    """What of a product needs a case: its charging modes, and what it offers besides."""

    PERIOD = "PERIOD"
    ONE_TIME = "ONE_TIME"
    ON_DEMAND = "ON_DEMAND"
    ON_DEMAND_PKG = "ON_DEMAND_PKG"
    STOP_PACKAGE = "stop_package"
    """A package that ends when it is used up (saas-v2 §1.4)."""
    TRIAL = "trial"
    UPGRADE = "upgrade"
    RENEWAL_CHANGE = "renewal_change"
    JOINT = "joint"
    """Its users sign in at the market's auth centre (openapi-jointkit §A.10)."""


BY_PERIOD = frozenset({Need.PERIOD})
BY_USAGE = frozenset({Need.ON_DEMAND, Need.ON_DEMAND_PKG, Need.STOP_PACKAGE})
ALWAYS = frozenset(map(Need, ChargingMode)) | BY_USAGE
"""Whatever is sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to try out. ``fixed``: members that make the variant, empty for what it leaves out; the others are typed.
    ``starts_with``: values that a new form shows instead of the usual samples. ``mandatory``: beyond the table's."""

    kind: type[Command]
    activity: str
    title: Text
    variant: str = ""
    needs: frozenset[Need] = frozenset()
    fixed: Mapping[str, str] = field(default_factory=dict)
    starts_with: Mapping[str, str] = field(default_factory=dict)
    mandatory: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a seller's program must have done at the market's APIs, rather than answered."""

    name: str
    title: Text
    needs: frozenset[Need]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseField:
    """One field of a case's form. ``path``: members of objects and of the one entry of a list behind a point."""

    path: str
    words: Text
    mandatory: bool
    kind: Kind
    length: int
    values: tuple[str, ...]
    long: bool
    """Whether a line is too short for it."""
    fixed: str | None
    """The value that the variant has, which nobody changes."""


class CaseRefused(ValueError):
    """Typed values that make no request. ``errors``: words by path; an empty path is about all of them."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__("; ".join(f"{path}: {words.en}" for path, words in errors.items()))
        self.errors = errors


type Read = Callable[[type[Command], Mapping[str, Any]], Command]
"""Members of a request, as they are typed, to the command. Raises ``Denied`` or ``ValueError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolCases:
    """The cases of one folder."""

    protocol: str
    cases: tuple[Case, ...] = ()
    tables: Mapping[type[Command], tuple[Field, ...]] = field(default_factory=dict)
    read: Read | None = None
    proofs: tuple[Proof, ...] = ()
    beside: tuple[str, ...] = ()
    """Protocols beside which it is spoken at the same address, for products that need it."""

    def case(self, activity: str, variant: str = "") -> Case | None:
        return next((one for one in self.cases if (one.activity, one.variant) == (activity, variant)), None)

    def fields(self, case: Case) -> tuple[CaseField, ...]:
        """The form of a case: the folder's own table, without what nobody types."""
        return tuple(_fields(case, self.tables[case.kind], ""))

    def values(self, case: Case, *, now: datetime, known: Mapping[str, str]) -> dict[str, str]:
        """What a new form shows, by path. ``known``: values that this seller's server has, such as an instance id."""
        return {
            one.path: one.fixed
            if one.fixed is not None
            else case.starts_with.get(one.path, known.get(one.path) or sample_value(one.path, one.values, now=now))
            for one in self.fields(case)
        }

    def command(self, case: Case, values: Mapping[str, str]) -> Command:
        """The test call that typed values ask for, read by the folder's own reader. Raises ``CaseRefused``."""
        if self.read is None:
            raise CaseRefused({"": Text(en="This protocol has no cases.", zh="该协议没有调测用例。")})
        fields, typed = self.fields(case), _typed(self.fields(case), values)
        errors = {one.path: NEEDED for one in fields if one.path in case.mandatory and not typed.get(one.path)}
        members = _members(fields, typed)
        for violation in violations(_asked(self.tables[case.kind]), members):
            path = re.sub(r"\[\d+\]", "", violation.path)
            errors.setdefault(path, _words(violation.breach, next((f for f in fields if f.path == path), None)))
        if errors:
            raise CaseRefused(errors)
        try:
            return self.read(case.kind, {**members, "activity": case.activity})
        except Denied as denied:
            raise CaseRefused({_named(denied.message, fields): Text.same(denied.message)}) from None
        except ValueError as error:
            raise CaseRefused({"": Text.same(str(error))}) from None


@cache
def cases_of(protocol: str) -> ProtocolCases:
    """The cases of a protocol; one without any for a folder that declares none. Raises ``LookupError`` for no protocol."""
    registry.protocol(protocol)
    name = f"tradepost.protocols.{protocol}.cases"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        return ProtocolCases(protocol=protocol)
    return ProtocolCases(
        protocol=protocol,
        cases=module.CASES,
        tables=module.TABLES,
        read=module.read,
        proofs=getattr(module, "PROOFS", ()),
        beside=getattr(module, "BESIDE", ()),
    )


NEEDED = Text(en="Fill this in.", zh="必填。")


def _fields(case: Case, table: tuple[Field, ...], above: str) -> Iterator[CaseField]:
    for one in _asked(table):
        path = f"{above}{one.name}"
        if one.members:
            yield from _fields(case, one.members, f"{path}.")
            continue
        yield CaseField(
            path=path,
            words=words_of(path),
            mandatory=one.mandatory or path in case.mandatory,
            kind=one.kind,
            length=one.length or LONGEST_VALUE,
            values=one.values,
            long=(one.length or 0) > ONE_LINE or (one.secret and one.length is None),
            fixed=case.fixed.get(path),
        )


def _asked(table: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(one for one in table if one.name not in GENERATED | NEITHER_SENT_NOR_READ)


def _typed(fields: tuple[CaseField, ...], values: Mapping[str, str]) -> dict[str, str]:
    """What was typed, without blanks around it; what a variant fixes is not taken from anybody."""
    typed = {one.path: one.fixed if one.fixed is not None else values.get(one.path, "").strip() for one in fields}
    return {path: value[: LONGEST_VALUE + 1] for path, value in typed.items() if value}


def _members(fields: tuple[CaseField, ...], typed: Mapping[str, str]) -> dict[str, Any]:
    """The members of a body: a path with a point leads into an object, or into the one entry of a list."""
    members: dict[str, Any] = {}
    for one in fields:
        if one.path not in typed:
            continue
        value: object = typed[one.path]
        if one.kind is Kind.INTEGER and _INTEGER.fullmatch(typed[one.path]):
            value = int(typed[one.path])
        *above, name = one.path.split(".")
        place = members
        for step in above:
            inside = place.setdefault(step, [{}] if step.endswith("List") else {})
            place = inside[0] if isinstance(inside, list) else inside
        place[name] = value
    return members


def _words(breach: Breach, wrong: CaseField | None) -> Text:
    if wrong is None or breach is Breach.MISSING:
        return NEEDED
    if breach is Breach.LENGTH:
        return Text(en=f"At most {wrong.length} characters.", zh=f"最多{wrong.length}个字符。")
    if breach is Breach.VALUE:
        return Text(en=f"One of: {', '.join(wrong.values)}.", zh=f"取值范围：{'、'.join(wrong.values)}。")
    return Text(en="A whole number.", zh="请填写整数。")


def _named(message: str, fields: tuple[CaseField, ...]) -> str:
    """The field that a reader's refusal begins with."""
    first = message.partition(" ")[0]
    return next((one.path for one in fields if first in {one.path, one.path.rpartition(".")[2]}), "")
