"""Finds out why a seller refuses a correct request: asks it again in the ways of known mistakes until one passes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote_plus

from tradepost.protocols.freshness import epoch_ms
from tradepost.protocols.hmac_sign import hmac_sha256, hmac_sha256_base64, hmac_sha256_hex, utf8
from tradepost.protocols.signed_query import joined
from tradepost.protocols.text import Text

from .answers import BAD_PARAMETER, NOT_AUTHENTIC, Answer
from .body_variants import rewritten
from .dialects import URL, HeaderDialect, QueryDialect, TokenHeaderDialect, UrlDialect
from .signature_diagnosis import SPACINGS, dumped, orders

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command
    from tradepost.protocols.http import Request

    from .caller import Caller

_MOST_WAYS = 12
_MOST_LEFT_OUT = 3
"""Parameters that may be missing together: each combination is a request."""
NO_KEYS = ("", "null", "undefined", "None")
"""What a server holds whose setting is missing."""
_HOURS = (-14, -12, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14)
_CLOCKS = (-600, -300, -90, 90, 300, 600, *(hours * 3600 for hours in _HOURS))
"""Seconds by which a server's clock is likely to be wrong: minutes, or its zone taken for UTC."""


class Mistake(NamedTuple):
    """``context``: what of the request it is about, where the name alone does not say it."""

    name: str
    context: Text | None = None


def explain_refusal(caller: Caller, command: Command, answer: Answer) -> Mistake:
    """Why a correct request was refused: the first variation that passes names the mistake."""
    dialect = caller.target.dialect
    if answer.code == BAD_PARAMETER:
        found = _clock_mistake(caller, command)
        if found:
            return Mistake(found)
    if answer.code != NOT_AUTHENTIC:
        return Mistake("refuses_correct_request")
    if _other_key_holds(caller, command):
        return Mistake("key_changed")
    if any(caller.send(_signed_with(caller, command, key)).accepted for key in NO_KEYS):
        return Mistake("key_not_set")
    if isinstance(dialect, UrlDialect | HeaderDialect):
        return Mistake(_stamped_mistake(caller, command))
    return _token_mistake(caller, command)


def _other_key_holds(caller: Caller, command: Command) -> bool:
    key = caller.options.key
    variants = dict.fromkeys((f"{key}\n", f"{key}\r\n", f"{key} ", key.lower(), key.upper(), key.strip()))
    return any(caller.send(caller.request(command, key=variant)).accepted for variant in variants if variant != key)


def _signed_with(caller: Caller, command: Command, key: str) -> Request:
    request = caller.request(command)
    dialect = caller.target.dialect
    return dialect.signed(request, dialect.members(request), caller.signing_inputs(key=key))


def _clock_mistake(caller: Caller, command: Command) -> str:
    if isinstance(caller.target.dialect, UrlDialect):
        request = caller.request(command)
        inputs = caller.signing_inputs()
        seconds = str(epoch_ms(inputs.now) // 1000)
        if caller.send(URL.signed_bytes(request, request.body, inputs, timestamp=seconds)).accepted:
            return "timestamp_in_seconds"
    for shift in _CLOCKS:
        if caller.send(caller.request(command, shift=shift)).accepted:
            return "wrong_clock"
    return ""


# --- signature, timestamp and nonce ----------------------------------------------------------------------------------


class Parts(NamedTuple):
    """What a signature is made of. ``h``: the body's part as the version has it, its hash or the body itself."""

    k: str
    n: str
    t: str
    body: bytes
    h: bytes


type Sign = Callable[[Parts], bytes]
"""The 32 bytes of a signature."""
type Written = Callable[[bytes], str]


def _hex_hash(key: str, body: bytes) -> bytes:
    return utf8(hmac_sha256_hex(key, body))


def _right(p: Parts) -> bytes:
    return hmac_sha256(p.k, utf8(f"{p.k}{p.n}{p.t}") + p.h)


def _decoded(p: Parts, decode: Callable[[str], bytes]) -> bytes:
    """With the bytes that the key's text may stand for; the right signature where it stands for none."""
    try:
        key = decode(p.k)
    except (binascii.Error, ValueError):
        return _right(p)
    inner = hmac.new(key, p.body, hashlib.sha256).hexdigest().encode() if p.h != p.body else p.body
    return hmac.new(key, utf8(f"{p.k}{p.n}{p.t}") + inner, hashlib.sha256).digest()


def _over(written: Callable[[Parts], bytes]) -> Sign:
    return lambda p: hmac_sha256(p.k, utf8(f"{p.k}{p.n}{p.t}") + written(p))


OTHER_TEXTS: tuple[tuple[str, Sign], ...] = (
    ("canonical_order", lambda p: hmac_sha256(p.k, utf8(f"{p.k}{p.t}{p.n}") + p.h)),
    ("canonical_order", lambda p: hmac_sha256(p.k, utf8(f"{p.n}{p.t}{p.k}") + p.h)),
    ("canonical_order", lambda p: hmac_sha256(p.k, utf8(f"{p.n}{p.t}") + p.h + utf8(p.k))),
    ("canonical_order", lambda p: hmac_sha256(p.k, p.h + utf8(f"{p.k}{p.n}{p.t}"))),
    ("canonical_incomplete", lambda p: hmac_sha256(p.k, utf8(f"{p.n}{p.t}") + p.h)),
    ("canonical_incomplete", lambda p: hmac_sha256(p.k, utf8(f"{p.t}{p.n}") + p.h)),
    ("canonical_incomplete", lambda p: hmac_sha256(p.k, utf8(f"{p.k}{p.t}") + p.h)),
    ("canonical_incomplete", lambda p: hmac_sha256(p.k, utf8(f"{p.k}{p.n}") + p.h)),
    ("canonical_incomplete", lambda p: hmac_sha256(p.k, utf8(f"{p.k}{p.n}{p.t}"))),
    ("canonical_incomplete", lambda p: hmac_sha256(p.k, p.h)),
    ("plain_sha256", lambda p: hashlib.sha256(utf8(f"{p.k}{p.n}{p.t}") + p.h).digest()),
    ("key_decoded", lambda p: _decoded(p, base64.b64decode)),
    ("key_decoded", lambda p: _decoded(p, binascii.unhexlify)),
)
"""The text that is signed, put together otherwise."""
UPPER_HASH: Sign = _over(lambda p: _hex_hash(p.k, p.body).upper())
PLAIN_HASH: Sign = _over(lambda p: utf8(hashlib.sha256(p.body).hexdigest()))
IN_URL: tuple[tuple[str, Sign], ...] = (
    ("payload_not_hashed", _over(lambda p: p.body)),
    ("inner_hash_upper_case", UPPER_HASH),
    ("plain_sha256", PLAIN_HASH),
    *OTHER_TEXTS,
    ("payload_not_hashed", lambda p: hmac_sha256(p.k, utf8(f"{p.n}{p.t}") + p.body)),
    ("payload_not_hashed", lambda p: hmac_sha256(p.k, p.body)),
)
IN_HEADERS: tuple[tuple[str, Sign], ...] = (
    ("payload_hashed", _over(lambda p: _hex_hash(p.k, p.body))),
    ("payload_hashed", UPPER_HASH),
    ("payload_hashed", PLAIN_HASH),
    *OTHER_TEXTS,
)


def _stamped_mistake(caller: Caller, command: Command) -> str:
    """Each time a fresh request: a nonce may be remembered after a refusal."""
    ways: list[tuple[str, Sign, Written]] = [
        ("signature_case", _right, _lower),
        ("signature_in_base64", _right, _base64),
    ]
    for name, sign in IN_URL if isinstance(caller.target.dialect, UrlDialect) else IN_HEADERS:
        ways += [(name, sign, _upper), (name, sign, _lower)]
    for name, sign, written in ways:
        request = caller.request(command)
        if caller.send(_signed(caller, request, request.body, sign, written)).accepted:
            return name
    found = explain_rewriting(caller, caller.request(command))
    if found:
        return found
    if _written_again(caller, command, number_as_text=True):
        return "number_as_text"
    return "reserialised_request" if _written_again(caller, command) else "wrong_key"


def explain_rewriting(caller: Caller, request: Request) -> str:
    """The mistake of a seller that verifies the request's body only after it wrote it again; empty when none is found."""
    dialect = caller.target.dialect
    if not isinstance(dialect, UrlDialect | HeaderDialect):
        return ""
    for name, payload in rewritten(request.body):
        # Each time with a fresh nonce.
        again = dialect.signed(request, dialect.members(request), caller.signing_inputs())
        if caller.send(_signed(caller, again, payload, _right, _upper)).accepted:
            return name
    return ""


def _signed(caller: Caller, request: Request, body: bytes, sign: Sign, written: Written) -> Request:
    """The request with a signature over ``body``, made and written in the given way."""
    dialect, key = caller.target.dialect, caller.options.key
    part = _hex_hash(key, body) if isinstance(dialect, UrlDialect) else body
    parts = Parts(key, dialect.get(request, dialect.nonce), dialect.get(request, dialect.timestamp), body, part)
    return dialect.put(request, dialect.token, written(sign(parts)))


def _lower(raw: bytes) -> str:
    return raw.hex()


def _upper(raw: bytes) -> str:
    return raw.hex().upper()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _written_again(caller: Caller, command: Command, *, number_as_text: bool = False) -> bool:
    """Whether the seller verifies a body that it wrote again in another way than the market does."""
    for turn in range(_MOST_WAYS):
        request = caller.request(command)
        # Each request anew: some versions carry the time of sending in the body.
        ways = list(_other_ways(json.loads(request.body), number_as_text=number_as_text))
        if turn >= len(ways):
            break
        if ways[turn] != request.body and caller.send(_signed(caller, request, ways[turn], _right, _upper)).accepted:
            return True
    return False


def _other_ways(members: dict[str, Any], *, number_as_text: bool) -> Iterator[bytes]:
    if number_as_text:
        if all(isinstance(member, str) for member in members.values()):
            return
        members = {name: member if isinstance(member, str) else json.dumps(member) for name, member in members.items()}
    for arranged, _ in orders(members):
        for spacing in SPACINGS:
            yield dumped(arranged, spacing, ascii_only=True)


# --- authToken -------------------------------------------------------------------------------------------------------


def _token_mistake(caller: Caller, command: Command) -> Mistake:
    dialect = caller.target.dialect
    assert isinstance(dialect, QueryDialect | TokenHeaderDialect)
    request, stamp, texts = _signed_texts(caller, dialect, command)
    for name, token in _tokens(caller.options.key, stamp, texts, request.body):
        if caller.send(dialect.put(request, dialect.token, token)).accepted:
            return Mistake(name)
    left_out = _left_out(caller, dialect, command)
    if left_out:
        names = ", ".join(left_out)
        return Mistake("token_incomplete", Text(en=f"a token without {names} passes", zh=f"不含{names}的签名可通过"))
    return Mistake("wrong_key")


def _signed_texts(
    caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command
) -> tuple[Request, str, dict[str, str]]:
    request = caller.request(command)
    stamp = dialect.get(request, dialect.timestamp)
    return request, stamp, {**dialect.texts(dialect.members(request)), dialect.timestamp: stamp}


def _left_out(caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command) -> tuple[str, ...]:
    """The parameters that the seller does not sign over; nothing when that is not why it computes another token."""
    # One at a time; then those that spoil a request to which they are added; several where there are few to choose from.
    return (
        _omitted(caller, dialect, command, most=1)
        or _spoiling(caller, dialect, command)
        or _omitted(caller, dialect, _briefest(caller, dialect), most=_MOST_LEFT_OUT)
    )


def _spoiling(caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command) -> tuple[str, ...]:
    """Whatever turns a request that is authentic, if incomplete, into one that is not: each is asked for by itself."""
    request, stamp, texts = _signed_texts(caller, dialect, command)
    members = dialect.members(request)
    least = {name: value for name, value in members.items() if name == "activity"}

    def authentic(members: Mapping[str, object]) -> bool:
        answer = caller.send(dialect.signed(request, members, caller.signing_inputs()))
        return bool(answer.code) and answer.code != NOT_AUTHENTIC

    if not authentic(least):
        return ()
    names = tuple(n for n in sorted(members) if n not in least and not authentic({**least, n: members[n]}))
    line = joined({name: value for name, value in texts.items() if name not in names})
    token = hmac_sha256_base64(caller.options.key + stamp, utf8(line))
    return names if names and caller.send(dialect.put(request, dialect.token, token)).accepted else ()


def _omitted(
    caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command, *, most: int
) -> tuple[str, ...]:
    request, stamp, texts = _signed_texts(caller, dialect, command)
    for number in range(1, min(most, len(texts) - 1) + 1):
        for names in combinations(sorted(texts), number):
            line = joined({name: value for name, value in texts.items() if name not in names})
            token = hmac_sha256_base64(caller.options.key + stamp, utf8(line))
            if caller.send(dialect.put(request, dialect.token, token)).accepted:
                return names
    return ()


def _briefest(caller: Caller, dialect: QueryDialect | TokenHeaderDialect) -> Command:
    """The test call with the fewest parameters, of those that every seller has."""
    target = caller.target
    made = (
        caller.samples.of(kind, caller.any_id(), test=True)
        for kind in target.protocol.activities
        if target.has(kind) and kind not in target.specification.optional
    )
    return min(filter(None, made), key=lambda command: len(_signed_texts(caller, dialect, command)[2]))


def _tokens(key: str, stamp: str, texts: Mapping[str, str], body: bytes) -> Iterator[tuple[str, str]]:
    """The token as known mistakes make it. No nonce: the same request can be sent again."""
    text = utf8(joined(texts))
    raw = hmac_sha256(key + stamp, text)
    untimed = {name: value for name, value in texts.items() if value != stamp or name != "timeStamp"}
    yield "token_key_without_time", hmac_sha256_base64(key, text)
    yield "token_key_without_time", hmac_sha256_base64(stamp + key, text)
    yield "token_key_without_time", hmac_sha256_base64(stamp, text)
    yield "token_in_hex", raw.hex()
    yield "token_in_hex", raw.hex().upper()
    yield "token_in_hex", base64.urlsafe_b64encode(raw).decode()
    yield "token_without_time", hmac_sha256_base64(key + stamp, utf8(joined(untimed)))
    for names in (
        [*sorted(untimed), "timeStamp"],
        ["timeStamp", *sorted(untimed)],
        sorted(texts, reverse=True),
        [*(n for n in ("activity",) if n in texts), *sorted(n for n in texts if n != "activity")],
        list(texts),
        list(texts)[::-1],
    ):
        line = utf8("&".join(f"{name}={texts[name]}" for name in names))
        if line != text:
            yield "token_unsorted", hmac_sha256_base64(key + stamp, line)
    encoded = {name: quote_plus(value) for name, value in texts.items()}
    yield "undecoded_values", hmac_sha256_base64(key + stamp, utf8(joined(encoded)))
    if body:
        yield "token_over_json", hmac_sha256_base64(key + stamp, body)
        yield "token_over_json", hmac_sha256_base64(key, body)
    yield "drops_empty_values", hmac_sha256_base64(key + stamp, utf8(joined({n: v for n, v in texts.items() if v})))
    yield "plain_sha256", _base64(hashlib.sha256(text + utf8(key + stamp)).digest())
    yield "plain_sha256", _base64(hashlib.sha256(text).digest())
    yield "plain_sha256", hashlib.sha256(text).hexdigest()
