"""JSON on the wire: one strict reader for received bytes, and the exact forms that are signed.

The reader is strict, because readers that disagree about a body (repeated names, a byte order mark, NaN) allow an
attack: the signature covers one meaning and the receiver executes another.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import NoReturn

MAX_DEPTH = 32
MAX_NUMBER = 64
_MAX_EXPONENT = 300


class NotJsonObject(ValueError):
    """The bytes are not the expected JSON object; the message explains why without quoting them."""


def load_object(body: bytes) -> dict[str, object]:
    """Parse the object in ``body``; fractions are ``Decimal``. Raises only ``NotJsonObject``."""
    text = _text(body)
    value = _load(text)
    if not isinstance(value, dict):
        raise NotJsonObject(f"a JSON {_kind(value)} instead of an object")
    _check(value, text)
    return value


def load_records(body: bytes) -> dict[str, object]:
    """Parse an object without checks for depth and lone surrogates. Only for a long list whose reader uses numbers and
    validated texts of each item and discards the rest. Raises ``NotJsonObject``."""
    value = _load(_text(body))
    if not isinstance(value, dict):
        raise NotJsonObject(f"a JSON {_kind(value)} instead of an object")
    return value


def load_array(body: bytes) -> list[object]:
    """Parse the array in ``body``; older versions carry one inside a text. Raises only ``NotJsonObject``."""
    text = _text(body)
    value = _load(text)
    if not isinstance(value, list):
        raise NotJsonObject(f"a JSON {_kind(value)} instead of an array")
    _check(value, text)
    return value


def _text(body: bytes) -> str:
    if body.startswith(b"\xef\xbb\xbf"):
        raise NotJsonObject("it starts with a byte order mark")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotJsonObject(f"byte {error.start} is not UTF-8") from None


def _load(text: str) -> object:
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonObject(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise NotJsonObject(f"nested deeper than {MAX_DEPTH} levels") from None
    return value


def dump_sorted(value: Mapping[str, object]) -> bytes:
    """Write compact JSON with keys ascending at every level and raw non-ASCII: the form that a market signs and sends
    (saas-v2 §2.3)."""
    return _STRICT_SORTED_ENCODER.encode(value).encode()


def dump_ascii(value: Mapping[str, object]) -> bytes:
    """Write compact ASCII-only JSON with keys in the given order: the form of a seller's answers (saas-v2 §3.2,
    memo)."""
    return _ASCII.encode(value).encode("ascii")


def first_matching_form[T](body: bytes, over: Callable[[bytes], T | None]) -> T | None:
    """Return the first true result of ``over`` for the received bytes, then for other forms that the sender may have
    signed.

    The other forms are created only if the received bytes fail, and the strict parser runs only after a match. So a
    large body with a forged signature costs the receiver little. Returns None also for an invalid object.
    """
    result = over(body)
    if result:
        return result
    for form in _forms(body):
        result = over(form)
        if result:
            return result if _is_valid(body) else None
    return None


def signed_forms(body: bytes) -> Iterator[bytes]:
    """Yield other byte forms of ``body`` that its sender may have signed (saas-v2 §2.3).

    In this order: names of the top level sorted and nulls dropped; the same at every level; scalars written as strings,
    like the Java sample, which reads the body into a map of strings. Each form is yielded once; an invalid object
    yields none. A body that is already sorted at every level skips the first two.
    """
    return _forms(body) if _is_valid(body) else iter(())


def _is_valid(body: bytes) -> bool:
    try:
        load_object(body)
    except NotJsonObject:
        return False
    return True


def _forms(body: bytes) -> Iterator[bytes]:
    """Yield the forms of ``signed_forms`` without validating the body."""
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            return
        present_members = {name: value[name] for name in sorted(value, key=_utf16) if value[name] is not None}
        everywhere = _dump_deeply_sorted(body, present_members)
        if everywhere != body:  # else the top level is sorted, too
            by_top_level = _compact(present_members)
            yield by_top_level
            if everywhere != by_top_level:
                yield everywhere
        if any(not isinstance(member, str | dict | list) for member in present_members.values()):
            yield _compact({name: _scalar_as_text(member) for name, member in present_members.items()})
    except (ValueError, RecursionError):  # not JSON, too deep, or a lone surrogate
        return


def _dump_deeply_sorted(body: bytes, present_members: dict[str, object]) -> bytes:
    # ASCII names have a single order. Without nulls, the encoder sorts them in a tenth of the time.
    if body.isascii() and b"null" not in body and b"\\u" not in body:
        return _SORTED_ENCODER.encode(present_members).encode()
    return _compact(_sort_deeply(present_members))


def _compact(value: object) -> bytes:
    return _UNSORTED_ENCODER.encode(value).encode()


def _sort_deeply(value: object) -> object:
    if isinstance(value, dict):
        names = sorted((name for name in value if value[name] is not None), key=_utf16)
        return {name: _sort_deeply(value[name]) for name in names}
    if isinstance(value, list):
        return [_sort_deeply(item) for item in value]
    return value


def _utf16(name: str) -> bytes:
    # Java's TreeMap compares UTF-16 code units, which differs from code points above U+FFFF.
    return name.encode("utf-16-be")


def _scalar_as_text(value: object) -> object:
    return value if isinstance(value, str | dict | list) else json.dumps(value)


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotJsonObject("a name appears twice in one object")
    return members


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER:
        raise NotJsonObject(f"a number of {len(text)} characters")
    return int(text)


def _fraction(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise NotJsonObject("a number out of range") from None
    # A short text with a huge exponent would take gigabytes when written out.
    if len(text) > MAX_NUMBER or abs(value.adjusted()) > _MAX_EXPONENT:
        raise NotJsonObject("a number out of range")
    return value


def _no_constant(text: str) -> NoReturn:
    raise NotJsonObject(f"{text} is not JSON")


def _kind(value: object) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (dict, "object"),
        (list, "array"),
        (str, "string"),
        (bool, "boolean"),
        ((int, Decimal), "number"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "null")


# Created once: json.loads and json.dumps create one for each call with options, which takes longer than the call.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_repeats, parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant
)
_UNSORTED_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SORTED_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_STRICT_SORTED_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_ASCII = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _check(value: object, text: str) -> None:
    # A text with few brackets cannot be deep. UTF-8 without escapes contains no lone surrogate.
    if text.count("{") + text.count("[") > MAX_DEPTH or "\\u" in text:
        _check_values(value)


def _check_values(value: object) -> None:
    """Refuse deep trees and lone surrogates, which UTF-8 cannot encode. Iterative, since the tree may be deep."""
    level: list[object] = [value]
    depth = 0
    while level:
        depth += 1
        next_level: list[object] = []
        for item in level:
            if isinstance(item, dict):
                next_level += item.keys()
                next_level += item.values()
            elif isinstance(item, list):
                next_level += item
            elif isinstance(item, str) and not item.isascii():
                _check_text(item)
        level = next_level
        if depth >= MAX_DEPTH and any(isinstance(item, dict | list) for item in level):
            raise NotJsonObject(f"nested deeper than {MAX_DEPTH} levels")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotJsonObject("a text holds half of a surrogate pair") from None
