"""Debug cases: the calls that a seller tries before a product is sold, as data of each protocol folder (saas-v2 §5,
saas-v1-license A4).

A folder declares in ``cases.py`` its ``CASES`` (activity × variant, and what needs it), the ``TABLES`` of their forms,
and ``read``, which converts typed values to a command with the folder's own reader. A folder without this module has no
cases.
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
from .field_words import help_text_of
from .text import Text
from .wire_fields import Breach, Field, Kind, violations

MAX_VALUE_LENGTH = 4096
"""Maximum characters of a typed value, where its table sets no limit."""
MAX_LINE_LENGTH = 1000
"""Fields with a higher limit get a text area instead of a single line."""
GENERATED = frozenset({"authToken", "timeStamp", "activity", "testFlag", "businessId"})
"""Members that the market generates for each call or keeps constant, so the form omits them (saas-v2 §5.2)."""
UNUSED_MEMBERS = frozenset({"provisionType", "extension"})
_INTEGER = re.compile(r"[0-9]{1,18}")


class Need(StrEnum):
    """Properties of a product that require a case: charging modes and optional features."""

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
    """Members of enterprises sign in at the market's auth centre (openapi-jointkit §A.10)."""


BY_PERIOD = frozenset({Need.PERIOD})
BY_USAGE = frozenset({Need.ON_DEMAND, Need.ON_DEMAND_PKG, Need.STOP_PACKAGE})
ALWAYS = frozenset(map(Need, ChargingMode)) | BY_USAGE
"""Every charging mode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A call to try. ``fixed``: members that define the variant, empty for omitted ones; the form asks for the
    others. ``starts_with``: initial values instead of the usual samples. ``mandatory``: fields required in addition to
    the table's."""

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
    """A call to the market's APIs that the seller's program must have made."""

    name: str
    title: Text
    needs: frozenset[Need]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseField:
    """A field of a case's form. ``path`` joins the members of objects, and of the single entry of a list, with
    points."""

    path: str
    words: Text
    mandatory: bool
    kind: Kind
    length: int
    values: tuple[str, ...]
    long: bool
    """Whether the form shows a text area."""
    fixed: str | None
    """The value that the variant fixes; users cannot change it."""


class CaseRefused(ValueError):
    """The typed values make no valid request. ``errors``: messages by path; an empty path concerns the whole
    request."""

    def __init__(self, errors: Mapping[str, Text]) -> None:
        super().__init__("; ".join(f"{path}: {words.en}" for path, words in errors.items()))
        self.errors = errors


type ReadMembers = Callable[[type[Command], Mapping[str, Any]], Command]
"""Converts the typed members of a request to the command. Raises ``Denied`` or ``ValueError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolCases:
    """The cases of one protocol folder."""

    protocol: str
    cases: tuple[Case, ...] = ()
    tables: Mapping[type[Command], tuple[Field, ...]] = field(default_factory=dict)
    read: ReadMembers | None = None
    proofs: tuple[Proof, ...] = ()
    beside: tuple[str, ...] = ()
    """Protocols that share this folder's address, for products that need both."""

    def case(self, activity: str, variant: str = "") -> Case | None:
        return next((case for case in self.cases if (case.activity, case.variant) == (activity, variant)), None)

    def fields(self, case: Case) -> tuple[CaseField, ...]:
        """Return the form of a case: the folder's own table without generated members."""
        return tuple(_fields(case, self.tables[case.kind], ""))

    def values(self, case: Case, *, now: datetime, known: Mapping[str, str]) -> dict[str, str]:
        """Return the initial values of a form, by path. ``known``: values of this seller's server, such as an instance
        ID."""
        return {
            row.path: row.fixed
            if row.fixed is not None
            else case.starts_with.get(row.path, known.get(row.path) or sample_value(row.path, row.values, now=now))
            for row in self.fields(case)
        }

    def command(self, case: Case, values: Mapping[str, str]) -> Command:
        """Return the test call for typed values, read by the folder's own reader. Raises ``CaseRefused``."""
        if self.read is None:
            raise CaseRefused({"": Text(en="This protocol has no cases.", zh="该协议没有调测用例。")})
        fields, typed_values = self.fields(case), _typed_values(self.fields(case), values)
        errors = {
            row.path: MISSING_VALUE for row in fields if row.path in case.mandatory and not typed_values.get(row.path)
        }
        members = _members(fields, typed_values)
        for violation in violations(_form_rows(self.tables[case.kind]), members):
            path = re.sub(r"\[\d+\]", "", violation.path)
            errors.setdefault(
                path, _breach_message(violation.breach, next((f for f in fields if f.path == path), None))
            )
        if errors:
            raise CaseRefused(errors)
        try:
            return self.read(case.kind, {**members, "activity": case.activity})
        except Denied as denial:
            raise CaseRefused({_refused_path(denial.message, fields): Text.same(denial.message)}) from None
        except ValueError as error:
            raise CaseRefused({"": Text.same(str(error))}) from None


@cache
def cases_of(protocol: str) -> ProtocolCases:
    """Return the cases of a protocol, without entries if its folder declares none. Raises ``LookupError`` for an
    unknown protocol."""
    registry.protocol(protocol)
    name = f"tradepost.protocols.{protocol}.cases"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
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


MISSING_VALUE = Text(en="Fill this in.", zh="必填。")


def _fields(case: Case, table: tuple[Field, ...], above: str) -> Iterator[CaseField]:
    for row in _form_rows(table):
        path = f"{above}{row.name}"
        if row.members:
            yield from _fields(case, row.members, f"{path}.")
            continue
        yield CaseField(
            path=path,
            words=help_text_of(path),
            mandatory=row.mandatory or path in case.mandatory,
            kind=row.kind,
            length=row.length or MAX_VALUE_LENGTH,
            values=row.values,
            long=(row.length or 0) > MAX_LINE_LENGTH or (row.secret and row.length is None),
            fixed=case.fixed.get(path),
        )


def _form_rows(table: tuple[Field, ...]) -> tuple[Field, ...]:
    return tuple(row for row in table if row.name not in GENERATED | UNUSED_MEMBERS)


def _typed_values(fields: tuple[CaseField, ...], values: Mapping[str, str]) -> dict[str, str]:
    """Strip the typed values, and ignore those that the variant fixes."""
    typed_values = {
        row.path: row.fixed if row.fixed is not None else values.get(row.path, "").strip() for row in fields
    }
    return {path: value[: MAX_VALUE_LENGTH + 1] for path, value in typed_values.items() if value}


def _members(fields: tuple[CaseField, ...], typed_values: Mapping[str, str]) -> dict[str, Any]:
    """Build the members of a body. A path with a point leads into an object or the single entry of a list."""
    members: dict[str, Any] = {}
    for row in fields:
        if row.path not in typed_values:
            continue
        value: object = typed_values[row.path]
        if row.kind is Kind.INTEGER and _INTEGER.fullmatch(typed_values[row.path]):
            value = int(typed_values[row.path])
        *parents, name = row.path.split(".")
        parent = members
        for step in parents:
            nested_value = parent.setdefault(step, [{}] if step.endswith("List") else {})
            parent = nested_value[0] if isinstance(nested_value, list) else nested_value
        parent[name] = value
    return members


def _breach_message(breach: Breach, row: CaseField | None) -> Text:
    if row is None or breach is Breach.MISSING:
        return MISSING_VALUE
    if breach is Breach.LENGTH:
        return Text(en=f"At most {row.length} characters.", zh=f"最多{row.length}个字符。")
    if breach is Breach.VALUE:
        return Text(en=f"One of: {', '.join(row.values)}.", zh=f"取值范围：{'、'.join(row.values)}。")
    return Text(en="A whole number.", zh="请填写整数。")


def _refused_path(message: str, fields: tuple[CaseField, ...]) -> str:
    """Return the path of the field that a reader's message begins with."""
    field_name = message.partition(" ")[0]
    return next((row.path for row in fields if field_name in {row.path, row.path.rpartition(".")[2]}), "")
