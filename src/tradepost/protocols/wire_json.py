"""JSON of the wire: one strict reader for bytes from strangers, and the exact forms that are signed.

Strict, because two readers that disagree about one body (repeated names, a byte order mark, NaN) can be made to sign
one thing and do another.
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
    """The bytes are not the JSON object that was expected; the text says why, without quoting them."""


def load_object(body: bytes) -> dict[str, object]:
    """The object in ``body``; fractions come as ``Decimal``. Raises ``NotJsonObject`` and nothing else."""
    text = _text(body)
    value = _load(text)
    if not isinstance(value, dict):
        raise NotJsonObject(f"a JSON {_kind(value)} instead of an object")
    _check(value, text)
    return value


def load_records(body: bytes) -> dict[str, object]:
    """The same object, but neither its depth nor halves of surrogate pairs are looked for: for a long list whose reader takes
    of each item only texts that it looks at and numbers, and carries nothing else on. Raises ``NotJsonObject``."""
    value = _load(_text(body))
    if not isinstance(value, dict):
        raise NotJsonObject(f"a JSON {_kind(value)} instead of an object")
    return value


def load_array(body: bytes) -> list[object]:
    """The array in ``body``, as older versions carry one inside of a text. Raises ``NotJsonObject`` and nothing else."""
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
    """Compact, keys ascending at every level, non-ASCII left raw: what a market signs and sends (saas-v2 §2.3)."""
    return _SORTED.encode(value).encode()


def dump_ascii(value: Mapping[str, object]) -> bytes:
    """Compact and ASCII only, keys in the given order: what a seller answers (saas-v2 §3.2, memo)."""
    return _ASCII.encode(value).encode("ascii")


def first_signed[T](body: bytes, over: Callable[[bytes], T | None]) -> T | None:
    """The first true answer of ``over``, asked for the bytes that came and then for the other forms that a sender may have signed.

    The other forms are made only when the bytes do not answer, and the body is read strictly only when one of them does: whoever
    sends a large body with a made-up signature shall not make the receiver work. None also for what is no sound object.
    """
    found = over(body)
    if found:
        return found
    for form in _forms(body):
        found = over(form)
        if found:
            return found if _is_sound(body) else None
    return None


def signed_forms(body: bytes) -> Iterator[bytes]:
    """Other bytes over which a sender of ``body`` may have signed (saas-v2 §2.3).

    In turn: names of the top level sorted and nulls dropped; the same at every level; scalars written as strings, as
    the Java sample does by reading the body into a map of strings. Each once, and nothing when ``body`` is not a sound object.
    Neither of the first two for a body that is sorted at every level as it came.
    """
    return _forms(body) if _is_sound(body) else iter(())


def _is_sound(body: bytes) -> bool:
    try:
        load_object(body)
    except NotJsonObject:
        return False
    return True


def _forms(body: bytes) -> Iterator[bytes]:
    """Those of ``signed_forms``, of a body that need not be sound."""
    try:
        value = json.loads(body)
        if not isinstance(value, dict):
            return
        present = {name: value[name] for name in sorted(value, key=_utf16) if value[name] is not None}
        everywhere = _sorted_everywhere(body, present)
        if everywhere != body:  # else the top level is sorted too
            by_top_level = _compact(present)
            yield by_top_level
            if everywhere != by_top_level:
                yield everywhere
        if any(not isinstance(member, str | dict | list) for member in present.values()):
            yield _compact({name: _scalar_as_text(member) for name, member in present.items()})
    except (ValueError, RecursionError):  # no JSON, too deep, half of a surrogate pair
        return


def _sorted_everywhere(body: bytes, present: dict[str, object]) -> bytes:
    # Names in ASCII have one order; where nothing is null either, the encoder sorts them itself, in a tenth of the time.
    if body.isascii() and b"null" not in body and b"\\u" not in body:
        return _SORTED_AS_READ.encode(present).encode()
    return _compact(_sorted_deep(present))


def _compact(value: object) -> bytes:
    return _AS_READ.encode(value).encode()


def _sorted_deep(value: object) -> object:
    if isinstance(value, dict):
        names = sorted((name for name in value if value[name] is not None), key=_utf16)
        return {name: _sorted_deep(value[name]) for name in names}
    if isinstance(value, list):
        return [_sorted_deep(item) for item in value]
    return value


def _utf16(name: str) -> bytes:
    # Java's TreeMap compares UTF-16 code units, which differs from code points above U+FFFF.
    return name.encode("utf-16-be")


def _scalar_as_text(value: object) -> object:
    return value if isinstance(value, str | dict | list) else json.dumps(value)


def _no_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJsonObject("a name appears twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER:
        raise NotJsonObject(f"a number of {len(text)} characters")
    return int(text)


def _fraction(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise NotJsonObject("a number out of range") from None
    # A short text with a huge exponent would take gigabytes when it is written out.
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


# Made once: json.loads and json.dumps make one for each call that has options, which takes longer than the call itself.
_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_repeats, parse_int=_integer, parse_float=_fraction, parse_constant=_no_constant
)
_AS_READ = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SORTED_AS_READ = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_SORTED = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
_ASCII = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _check(value: object, text: str) -> None:
    # A text with few brackets cannot be deep, and one without escapes, once it is UTF-8, has no half of a pair.
    if text.count("{") + text.count("[") > MAX_DEPTH or "\\u" in text:
        _check_values(value)


def _check_values(value: object) -> None:
    """Refuse deep trees and lone surrogates, which no UTF-8 can carry on. Iterative: the tree may be deep."""
    level: list[object] = [value]
    depth = 0
    while level:
        depth += 1
        below: list[object] = []
        for item in level:
            if isinstance(item, dict):
                below += item.keys()
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif isinstance(item, str) and not item.isascii():
                _check_text(item)
        level = below
        if depth >= MAX_DEPTH and any(isinstance(item, dict | list) for item in level):
            raise NotJsonObject(f"nested deeper than {MAX_DEPTH} levels")


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotJsonObject("a text holds half of a surrogate pair") from None
