"""Generated requests against the kit: no exception may escape it, and nothing that its key did not sign may reach a
function.
"""

from __future__ import annotations

import importlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.commands import KINDS
from tests.fuzz.meaning import SIGNED_IN, meaning
from tradepost.check.dialects import (
    HEADERS,
    QUERY,
    TOKEN_HEADER,
    URL,
    HeaderDialect,
    QueryDialect,
    SigningInputs,
    TokenHeaderDialect,
    UrlDialect,
)
from tradepost.kit import AppInfo, Created, Seller, SQLiteStore
from tradepost.kit.answers import METHODS
from tradepost.protocols import registry
from tradepost.protocols.body_sign import body_sign
from tradepost.protocols.commands import Command, Create, Outcome, Rejected
from tradepost.protocols.contract import SellerProtocol
from tradepost.protocols.http import Request, header_exact
from tradepost.protocols.wire_fields import violations

KEY = "0123456789abcdef0123456789ABCDEF"
OTHER_KEY = "fedcba9876543210FEDCBA9876543210"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
ADDRESS = "https://seller.example.com/produce"
WINDOW_MS = 60_000
DIALECTS: dict[str, UrlDialect | QueryDialect | HeaderDialect | TokenHeaderDialect] = {
    "url": URL,
    "query": QUERY,
    "headers": HEADERS,
    "token": TOKEN_HEADER,
}

ANY_TEXT = st.text(max_size=30)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)
VALUES = ANY_JSON | st.sampled_from(["", " ", "0", "1", "x" * 65, "20270101000000", "\ud800", "\x00", "FREEZE", 0, 1])
ALPHABET = "0123456789abcdef"

type Recipe = tuple[Command, tuple[str, Any]]
"""The command, and how the request is changed."""


@dataclass(frozen=True, slots=True)
class FuzzedRequest:
    """``original``: the request signed by the key's owner that this one was made from, or None.

    ``off_ms``: difference of its timestamp to the seller's clock.
    """

    request: Request
    original: Request | None
    off_ms: int = 0
    repeated: bool = False
    way: str = ""


class Watched(Seller):
    """An honest seller that records whether a request was accepted."""

    def __init__(self, folder: Path, protocol: SellerProtocol) -> None:
        path = folder / f"{protocol.name}.db"
        super().__init__(store=SQLiteStore(path, durable=False), key=KEY, protocols=(protocol.name,))
        self._versions = (protocol,)
        self.let_in: Command | None = None
        self.serial = 0
        for kind in protocol.activities:
            if kind is Create:
                self._handlers[kind] = lambda command: Created(app=APP, license="license")
            elif kind in METHODS and METHODS[kind] != "on_query":
                self._handlers[kind] = lambda command, instance: None
            elif kind not in METHODS:
                self.on_other(kind, lambda command: None)

    def _outcome(self, version: SellerProtocol, command: Command, request: Request, **rest: Any) -> Outcome:
        outcome = super()._outcome(version, command, request, **rest)
        # The kit only detects the replay of a create when it claims the order.
        if not (isinstance(outcome, Rejected) and outcome.code == "000001"):
            self.let_in = command
        return outcome


APP = AppInfo(front_end_url="https://app.example.com/", user_name="admin", password="first", memo="备注")


def recipes(name: str) -> st.SearchStrategy[Recipe]:
    """Recipes of one version: honest requests, changed, forged and stale ones, and nonsense with a valid signature."""
    kinds = [KINDS[kind] for kind in registry.protocol(name).activities]
    return st.tuples(st.one_of(kinds), _changes(name))


def _changes(name: str) -> st.SearchStrategy[tuple[str, Any]]:
    stamped = SIGNED_IN[name] in {"url", "headers"}
    offsets = st.integers(-2 * WINDOW_MS, 2 * WINDOW_MS) | st.sampled_from([-60_001, -60_000, 60_000, 60_001])
    ways = [
        st.tuples(st.just("honest"), st.none()),
        st.tuples(
            st.just("bytes"),
            st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4), st.integers(0, 3)), min_size=1, max_size=3),
        ),
        st.tuples(st.just("members"), st.tuples(ANY_TEXT, VALUES)),
        st.tuples(st.just("signed nonsense"), st.tuples(st.integers(0, 12), VALUES)),
        st.tuples(st.just("signed body"), st.binary(max_size=60) | ANY_JSON.map(lambda v: json.dumps(v).encode())),
        st.tuples(st.just("other key"), st.none()),
        st.tuples(st.just("token"), ANY_TEXT | st.text(ALPHABET, min_size=64, max_size=64)),
        st.tuples(
            st.just("token edit"), st.tuples(st.floats(0, 1), st.sampled_from(["swap", "cut", "", "0", "a", "Z"]))
        ),
        st.tuples(st.just("header"), st.tuples(st.integers(0, 5), ANY_TEXT)),
        st.tuples(st.just("url"), st.text("?&=%+#;/0aé", max_size=12)),
        st.tuples(st.just("anything"), st.tuples(ANY_TEXT, ANY_TEXT, st.binary(max_size=80))),
    ]
    if stamped:
        ways += [
            st.tuples(st.just("moved clock"), offsets),
            st.tuples(st.just("stamp"), ANY_TEXT),
            st.tuples(st.just("replay"), st.none()),
        ]
    return st.one_of(ways)


def build(version: SellerProtocol, recipe: Recipe, nonce: str) -> FuzzedRequest | None:
    """Return None for a value that this wire cannot carry: the market does not send it."""
    command, (way, detail) = recipe
    try:
        honest = version.encode(command, address=ADDRESS, key=KEY, now=NOW, nonce=nonce)
    except ValueError:
        return None
    return _CHANGES[way](version, command, honest, nonce, detail)


type _Way = Callable[[SellerProtocol, Command, Request, str, Any], FuzzedRequest]


def _honest(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    return FuzzedRequest(honest, honest, way="honest")


def _bytes(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    """Replace, insert or remove bytes in the body, or in the URL of a GET."""
    whole = honest.body or honest.url.encode()
    for where, put, taken in detail:
        at = int(where * len(whole))
        whole = whole[:at] + put + whole[at + taken :]
    changed = replace(honest, body=whole) if honest.body else replace(honest, url=whole.decode("latin-1"))
    return FuzzedRequest(changed, honest, way="bytes")


def _members(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    """Add a member without signing again."""
    name, value = detail
    if not honest.body:
        extra = f"&{name}={value}".encode("utf-8", "replace").decode("latin-1")
        return FuzzedRequest(replace(honest, url=honest.url + extra), honest, way="members")
    body = json.dumps({**json.loads(honest.body), name: value}).encode()
    return FuzzedRequest(replace(honest, body=body), honest, way="members")


def _nonsense(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    """Replace or drop a member, with a valid signature: holders of the key may send nonsense as well."""
    position, value = detail
    dialect = DIALECTS[SIGNED_IN[version.name]]
    members = dialect.members(honest)
    names = sorted(members)
    members[names[position % len(names)]] = value
    if not dialect.json_body:
        members = {n: str(v).encode("utf-8", "replace").decode() for n, v in members.items()}
    try:
        signed = dialect.signed(honest, members, SigningInputs(KEY, NOW, nonce))
    except ValueError:
        return _honest(version, command, honest, nonce, None)
    return FuzzedRequest(signed, signed, way="signed nonsense")


def _body(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: bytes) -> FuzzedRequest:
    """Any bytes as a body, with a valid signature if the signature is over bytes."""
    dialect = DIALECTS[SIGNED_IN[version.name]]
    if isinstance(dialect, UrlDialect):
        signed = dialect.signed_bytes(honest, detail, SigningInputs(KEY, NOW, nonce))
        return FuzzedRequest(signed, signed, way="signed body")
    return FuzzedRequest(replace(honest, body=detail), honest, way="unsigned body")


def _other_key(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    forged = version.encode(command, address=ADDRESS, key=OTHER_KEY, now=NOW, nonce=nonce)
    return FuzzedRequest(forged, None, way="other key")


def _token(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: str) -> FuzzedRequest:
    dialect = DIALECTS[SIGNED_IN[version.name]]
    text = detail.encode("utf-8", "replace").decode()
    return FuzzedRequest(dialect.put(honest, dialect.token, text), honest, way="token")


def _token_edit(
    version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: tuple[float, str]
) -> FuzzedRequest:
    """The right signature except for one character, its case, or its end."""
    dialect = DIALECTS[SIGNED_IN[version.name]]
    token = dialect.get(honest, dialect.token)
    where, put = detail
    at = min(int(where * len(token)), len(token) - 1)
    if put == "swap":
        edited = token[:at] + token[at:].swapcase()
    else:
        edited = token[:at] + ("" if put == "cut" else put + token[at + 1 :])
    return FuzzedRequest(dialect.put(honest, dialect.token, edited), honest, way="token edit")


def _header(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    position, value = detail
    headers = list(honest.headers)
    at = position % len(headers)
    headers[at] = (headers[at][0], value)
    return FuzzedRequest(replace(honest, headers=tuple(headers)), honest, way="header")


def _url(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: str) -> FuzzedRequest:
    return FuzzedRequest(replace(honest, url=honest.url + detail), honest, way="url")


def _anything(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    method, url, body = detail
    return FuzzedRequest(Request(method, url, honest.headers, body), None, way="anything")


def _moved_clock(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: int) -> FuzzedRequest:
    at = NOW + timedelta(milliseconds=detail)
    signed = version.encode(command, address=ADDRESS, key=KEY, now=at, nonce=nonce)
    return FuzzedRequest(signed, signed, off_ms=detail, way="moved clock")


def _stamp(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: str) -> FuzzedRequest:
    dialect = DIALECTS[SIGNED_IN[version.name]]
    text = detail.encode("utf-8", "replace").decode()
    return FuzzedRequest(dialect.put(honest, dialect.timestamp, text), honest, way="stamp")


def _replay(version: SellerProtocol, command: Command, honest: Request, nonce: str, detail: Any) -> FuzzedRequest:
    return FuzzedRequest(honest, honest, repeated=True, way="replay")


_CHANGES: dict[str, _Way] = {
    "honest": _honest,
    "bytes": _bytes,
    "members": _members,
    "signed nonsense": _nonsense,
    "signed body": _body,
    "other key": _other_key,
    "token": _token,
    "token edit": _token_edit,
    "header": _header,
    "url": _url,
    "anything": _anything,
    "moved clock": _moved_clock,
    "stamp": _stamp,
    "replay": _replay,
}


def judge(seller: Watched, version: SellerProtocol, recipe: Recipe, counts: Counter[str]) -> bool:
    """Send the request, and check the response by saas-v2 §2.4 and §3.0. Return False if nothing was sent."""
    seller.serial += 1
    given = build(version, recipe, f"{seller.serial:032}")
    if given is None:
        return False
    if given.repeated:
        seller.respond(given.request, NOW, f"{seller.serial:032}first")
    seller.let_in = None
    response = seller.respond(given.request, NOW, f"{seller.serial:032}")
    assert response.status == 200
    assert response.header("Content-Type") == "application/json"
    assert header_exact(response.headers, "Body-Sign") == body_sign(response.body, KEY)
    answer = json.loads(response.body.decode("ascii"))
    assert answer["resultCode"] in version.result_codes
    assert isinstance(answer["resultMsg"], str)
    let_in = seller.let_in is not None
    counts[f"{given.way}: {'let in' if let_in else 'refused'}"] += 1
    if not let_in:
        assert answer["resultCode"] not in {"000000", "000004"}
        assert given.way != "honest", (answer, given)
        return True
    assert given.original is not None, given
    assert meaning(version.name, given.request) == meaning(version.name, given.original), given
    assert abs(given.off_ms) <= WINDOW_MS, given
    assert not given.repeated, given
    if SIGNED_IN[version.name] == "url":
        table = importlib.import_module(f"tradepost.protocols.{version.name}.fields").REQUESTS[type(seller.let_in)]
        assert not list(violations(table, json.loads(given.request.body))), given
    return True
