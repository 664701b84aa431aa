"""Finds out why a seller refuses a correct request, by sending it with known mistakes until one is accepted."""

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
from tradepost.protocols.signed_query import text_to_sign
from tradepost.protocols.text import Text

from .answers import BAD_PARAMETER, NOT_AUTHENTIC, Answer
from .body_variants import rewritten_bodies
from .dialects import URL, HeaderDialect, QueryDialect, TokenHeaderDialect, UrlDialect
from .signature_diagnosis import SPACINGS, dump_variant, member_orders

if TYPE_CHECKING:
    from tradepost.protocols.commands import Command
    from tradepost.protocols.http import Request

    from .caller import Caller

_MAX_FORMS = 12
_MAX_OMITTED = 3
"""Maximum number of parameters missing together: each combination needs a request."""
NO_KEYS = ("", "null", "undefined", "None")
"""Values that a server has if its setting is missing."""
_HOURS = (-14, -12, -9, -8, -7, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14)
_CLOCKS = (-600, -300, -90, 90, 300, 600, *(hours * 3600 for hours in _HOURS))
"""Likely errors of a server's clock in seconds: minutes, or its time zone taken for UTC."""


class Mistake(NamedTuple):
    """``context``: the part of the request concerned, if the name does not contain it."""

    name: str
    context: Text | None = None


def explain_refusal(caller: Caller, command: Command, answer: Answer) -> Mistake:
    """Return the mistake: the first variation that is accepted names it."""
    dialect = caller.target.dialect
    if answer.code == BAD_PARAMETER:
        mistake = _clock_mistake(caller, command)
        if mistake:
            return Mistake(mistake)
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


class SignatureInputs(NamedTuple):
    """Inputs of a signature. ``h``: the body's part in this version, its hash or the body itself."""

    k: str
    n: str
    t: str
    body: bytes
    h: bytes


type Sign = Callable[[SignatureInputs], bytes]
"""Returns the 32 bytes of a signature."""
type SignatureEncoding = Callable[[bytes], str]


def _hex_hash(key: str, body: bytes) -> bytes:
    return utf8(hmac_sha256_hex(key, body))


def _correct(parts: SignatureInputs) -> bytes:
    return hmac_sha256(parts.k, utf8(f"{parts.k}{parts.n}{parts.t}") + parts.h)


def _with_decoded_key(parts: SignatureInputs, decode: Callable[[str], bytes]) -> bytes:
    """Return the signature with the decoded key, or the right signature if the key's text cannot be decoded."""
    try:
        key = decode(parts.k)
    except (binascii.Error, ValueError):
        return _correct(parts)
    inner = hmac.new(key, parts.body, hashlib.sha256).hexdigest().encode() if parts.h != parts.body else parts.body
    return hmac.new(key, utf8(f"{parts.k}{parts.n}{parts.t}") + inner, hashlib.sha256).digest()


def _over_text(compose: Callable[[SignatureInputs], bytes]) -> Sign:
    return lambda parts: hmac_sha256(parts.k, utf8(f"{parts.k}{parts.n}{parts.t}") + compose(parts))


OTHER_TEXTS: tuple[tuple[str, Sign], ...] = (
    ("canonical_order", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.k}{parts.t}{parts.n}") + parts.h)),
    ("canonical_order", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.n}{parts.t}{parts.k}") + parts.h)),
    ("canonical_order", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.n}{parts.t}") + parts.h + utf8(parts.k))),
    ("canonical_order", lambda parts: hmac_sha256(parts.k, parts.h + utf8(f"{parts.k}{parts.n}{parts.t}"))),
    ("canonical_incomplete", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.n}{parts.t}") + parts.h)),
    ("canonical_incomplete", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.t}{parts.n}") + parts.h)),
    ("canonical_incomplete", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.k}{parts.t}") + parts.h)),
    ("canonical_incomplete", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.k}{parts.n}") + parts.h)),
    ("canonical_incomplete", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.k}{parts.n}{parts.t}"))),
    ("canonical_incomplete", lambda parts: hmac_sha256(parts.k, parts.h)),
    ("plain_sha256", lambda parts: hashlib.sha256(utf8(f"{parts.k}{parts.n}{parts.t}") + parts.h).digest()),
    ("key_decoded", lambda parts: _with_decoded_key(parts, base64.b64decode)),
    ("key_decoded", lambda parts: _with_decoded_key(parts, binascii.unhexlify)),
)
"""The signed text, composed differently."""
UPPER_HASH: Sign = _over_text(lambda parts: _hex_hash(parts.k, parts.body).upper())
PLAIN_HASH: Sign = _over_text(lambda parts: utf8(hashlib.sha256(parts.body).hexdigest()))
IN_URL: tuple[tuple[str, Sign], ...] = (
    ("payload_not_hashed", _over_text(lambda parts: parts.body)),
    ("inner_hash_upper_case", UPPER_HASH),
    ("plain_sha256", PLAIN_HASH),
    *OTHER_TEXTS,
    ("payload_not_hashed", lambda parts: hmac_sha256(parts.k, utf8(f"{parts.n}{parts.t}") + parts.body)),
    ("payload_not_hashed", lambda parts: hmac_sha256(parts.k, parts.body)),
)
IN_HEADERS: tuple[tuple[str, Sign], ...] = (
    ("payload_hashed", _over_text(lambda parts: _hex_hash(parts.k, parts.body))),
    ("payload_hashed", UPPER_HASH),
    ("payload_hashed", PLAIN_HASH),
    *OTHER_TEXTS,
)


def _stamped_mistake(caller: Caller, command: Command) -> str:
    """A new request each time, since a nonce may be remembered after a refusal."""
    variants: list[tuple[str, Sign, SignatureEncoding]] = [
        ("signature_case", _correct, _lower),
        ("signature_in_base64", _correct, _base64),
    ]
    for name, sign in IN_URL if isinstance(caller.target.dialect, UrlDialect) else IN_HEADERS:
        variants += [(name, sign, _upper), (name, sign, _lower)]
    for name, sign, encode in variants:
        request = caller.request(command)
        if caller.send(_signed(caller, request, request.body, sign, encode)).accepted:
            return name
    mistake = explain_rewriting(caller, caller.request(command))
    if mistake:
        return mistake
    if _is_rewritten(caller, command, number_as_text=True):
        return "number_as_text"
    return "reserialised_request" if _is_rewritten(caller, command) else "wrong_key"


def explain_rewriting(caller: Caller, request: Request) -> str:
    """Return the mistake of a seller that verifies the body after serialising it again; empty if none is found."""
    dialect = caller.target.dialect
    if not isinstance(dialect, UrlDialect | HeaderDialect):
        return ""
    for name, payload in rewritten_bodies(request.body):
        # A new nonce each time.
        repeated_request = dialect.signed(request, dialect.members(request), caller.signing_inputs())
        if caller.send(_signed(caller, repeated_request, payload, _correct, _upper)).accepted:
            return name
    return ""


def _signed(caller: Caller, request: Request, body: bytes, sign: Sign, encode: SignatureEncoding) -> Request:
    """Return the request with a signature over ``body``, created and encoded in the given way."""
    dialect, key = caller.target.dialect, caller.options.key
    part = _hex_hash(key, body) if isinstance(dialect, UrlDialect) else body
    parts = SignatureInputs(
        key, dialect.get(request, dialect.nonce), dialect.get(request, dialect.timestamp), body, part
    )
    return dialect.put(request, dialect.token, encode(sign(parts)))


def _lower(raw: bytes) -> str:
    return raw.hex()


def _upper(raw: bytes) -> str:
    return raw.hex().upper()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _is_rewritten(caller: Caller, command: Command, *, number_as_text: bool = False) -> bool:
    """Return whether the seller verifies a body that it serialised in another way than the market."""
    for index in range(_MAX_FORMS):
        request = caller.request(command)
        # A new request each time: some versions have the time of sending in the body.
        bodies = list(_serialisations_of(json.loads(request.body), number_as_text=number_as_text))
        if index >= len(bodies):
            break
        if (
            bodies[index] != request.body
            and caller.send(_signed(caller, request, bodies[index], _correct, _upper)).accepted
        ):
            return True
    return False


def _serialisations_of(members: dict[str, Any], *, number_as_text: bool) -> Iterator[bytes]:
    if number_as_text:
        if all(isinstance(member, str) for member in members.values()):
            return
        members = {name: member if isinstance(member, str) else json.dumps(member) for name, member in members.items()}
    for arranged_members, _ in member_orders(members):
        for spacing in SPACINGS:
            yield dump_variant(arranged_members, spacing, ascii_only=True)


# --- authToken -------------------------------------------------------------------------------------------------------


def _token_mistake(caller: Caller, command: Command) -> Mistake:
    dialect = caller.target.dialect
    assert isinstance(dialect, QueryDialect | TokenHeaderDialect)
    request, stamp, texts = _signed_texts(caller, dialect, command)
    for name, token in _tokens(caller.options.key, stamp, texts, request.body):
        if caller.send(dialect.put(request, dialect.token, token)).accepted:
            return Mistake(name)
    left_out = _unsigned_parameters(caller, dialect, command)
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


def _unsigned_parameters(
    caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command
) -> tuple[str, ...]:
    """Return the parameters that the seller does not sign; empty if this is not why its token differs."""
    # One at a time; then those whose addition causes a refusal; then combinations, if there are few parameters.
    return (
        _omitted_parameters(caller, dialect, command, max_count=1)
        or _spoiling_parameters(caller, dialect, command)
        or _omitted_parameters(caller, dialect, _shortest_command(caller, dialect), max_count=_MAX_OMITTED)
    )


def _spoiling_parameters(
    caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command
) -> tuple[str, ...]:
    """Return the parameters whose addition makes an authentic but incomplete request not authentic, each tested
    separately."""
    request, stamp, texts = _signed_texts(caller, dialect, command)
    members = dialect.members(request)
    minimal = {name: value for name, value in members.items() if name == "activity"}

    def authentic(members: Mapping[str, object]) -> bool:
        answer = caller.send(dialect.signed(request, members, caller.signing_inputs()))
        return bool(answer.code) and answer.code != NOT_AUTHENTIC

    if not authentic(minimal):
        return ()
    names = tuple(n for n in sorted(members) if n not in minimal and not authentic({**minimal, n: members[n]}))
    line = text_to_sign({name: value for name, value in texts.items() if name not in names})
    token = hmac_sha256_base64(caller.options.key + stamp, utf8(line))
    return names if names and caller.send(dialect.put(request, dialect.token, token)).accepted else ()


def _omitted_parameters(
    caller: Caller, dialect: QueryDialect | TokenHeaderDialect, command: Command, *, max_count: int
) -> tuple[str, ...]:
    request, stamp, texts = _signed_texts(caller, dialect, command)
    for number in range(1, min(max_count, len(texts) - 1) + 1):
        for names in combinations(sorted(texts), number):
            line = text_to_sign({name: value for name, value in texts.items() if name not in names})
            token = hmac_sha256_base64(caller.options.key + stamp, utf8(line))
            if caller.send(dialect.put(request, dialect.token, token)).accepted:
                return names
    return ()


def _shortest_command(caller: Caller, dialect: QueryDialect | TokenHeaderDialect) -> Command:
    """Return the test call with the fewest parameters, among the activities that every seller has."""
    target = caller.target
    commands = (
        caller.samples.of(kind, caller.any_id(), test=True)
        for kind in target.protocol.activities
        if target.has(kind) and kind not in target.specification.optional
    )
    return min(filter(None, commands), key=lambda command: len(_signed_texts(caller, dialect, command)[2]))


def _tokens(key: str, stamp: str, texts: Mapping[str, str], body: bytes) -> Iterator[tuple[str, str]]:
    """Yield the tokens of known mistakes. There is no nonce, so the same request can be repeated."""
    text = utf8(text_to_sign(texts))
    raw = hmac_sha256(key + stamp, text)
    untimed_texts = {name: value for name, value in texts.items() if value != stamp or name != "timeStamp"}
    yield "token_key_without_time", hmac_sha256_base64(key, text)
    yield "token_key_without_time", hmac_sha256_base64(stamp + key, text)
    yield "token_key_without_time", hmac_sha256_base64(stamp, text)
    yield "token_in_hex", raw.hex()
    yield "token_in_hex", raw.hex().upper()
    yield "token_in_hex", base64.urlsafe_b64encode(raw).decode()
    yield "token_without_time", hmac_sha256_base64(key + stamp, utf8(text_to_sign(untimed_texts)))
    for names in (
        [*sorted(untimed_texts), "timeStamp"],
        ["timeStamp", *sorted(untimed_texts)],
        sorted(texts, reverse=True),
        [*(n for n in ("activity",) if n in texts), *sorted(n for n in texts if n != "activity")],
        list(texts),
        list(texts)[::-1],
    ):
        line = utf8("&".join(f"{name}={texts[name]}" for name in names))
        if line != text:
            yield "token_unsorted", hmac_sha256_base64(key + stamp, line)
    encoded_texts = {name: quote_plus(value) for name, value in texts.items()}
    yield "undecoded_values", hmac_sha256_base64(key + stamp, utf8(text_to_sign(encoded_texts)))
    if body:
        yield "token_over_json", hmac_sha256_base64(key + stamp, body)
        yield "token_over_json", hmac_sha256_base64(key, body)
    yield (
        "drops_empty_values",
        hmac_sha256_base64(key + stamp, utf8(text_to_sign({n: v for n, v in texts.items() if v}))),
    )
    yield "plain_sha256", _base64(hashlib.sha256(text + utf8(key + stamp)).digest())
    yield "plain_sha256", _base64(hashlib.sha256(text).digest())
    yield "plain_sha256", hashlib.sha256(text).hexdigest()
