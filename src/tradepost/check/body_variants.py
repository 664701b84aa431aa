"""Forms of a body that sellers produce by serialising it before verification, with the name of each mistake. Pure
functions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, unquote_plus

type Rewrite = Callable[[str], str]
"""Converts the text of a compact JSON object to the seller's form."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", re.ASCII)


def _compact(value: object, *, ascii_only: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)


def _escaped(characters: str, form: str) -> Rewrite:
    """These characters only occur inside texts in the JSON."""
    return lambda text: "".join(form.format(ord(c)) if c in characters else c for c in text)


def _rewrite_texts(change: Callable[[str], object]) -> Rewrite:
    """Return a rewrite that changes every text of the top-level object."""

    def rewrite(text: str) -> str:
        members = json.loads(text)
        return _compact({n: change(v) if isinstance(v, str) else v for n, v in members.items()})

    return rewrite


def _as_ascii(text: str) -> str:
    return _compact(json.loads(text), ascii_only=True)


def _as_php(text: str) -> str:
    return _as_ascii(text).replace("/", "\\/")


def _as_dotnet(text: str) -> str:
    """Return the form of System.Text.Json: escapes in capitals for all characters that could be unsafe in HTML."""
    dotnet_text = _escaped("<>&'+`", "\\u{:04X}")(_compact(json.loads(text)).replace('\\"', "\\u0022"))
    return "".join(c if c.isascii() else "".join(f"\\u{unit:04X}" for unit in _utf16_units(c)) for c in dotnet_text)


def _utf16_units(character: str) -> list[int]:
    raw = character.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _as_number(text: str) -> object:
    if not _NUMBER.fullmatch(text):
        return text
    value = float(text)
    return int(value) if value.is_integer() else value


def _without_empty(text: str) -> str:
    return _compact({name: value for name, value in json.loads(text).items() if value not in ("", None)})


def _decode_as(charset: str) -> Rewrite:
    return lambda text: text.encode().decode(charset, "replace")


def _encode_as(charset: str) -> Rewrite:
    return lambda text: text.encode(charset, "replace").decode(charset)


def _truncated(stand_in: str) -> Rewrite:
    return lambda text: "".join(c if ord(c) < 0x10000 else stand_in for c in text)


REWRITES: tuple[tuple[str, Rewrite], ...] = (
    ("html_escapes", _escaped("<>&='", "\\u{:04x}")),
    ("html_escapes", _escaped("<>&", "\\u{:04x}")),
    ("html_escapes", _escaped("<>", "\\u{:04x}")),
    ("html_entities", _entities),
    ("slashes_escaped", lambda text: text.replace("/", "\\/")),
    ("unicode_escaped", _as_ascii),
    ("slashes_escaped", _as_php),
    ("unicode_escaped", _as_dotnet),
    ("body_as_form", unquote_plus),
    ("body_as_form", unquote),
    ("trims_values", _rewrite_texts(str.strip)),
    ("text_as_number", _rewrite_texts(_as_number)),
    ("drops_empty_values", _without_empty),
    ("emoji_fails", _truncated("?")),
    ("emoji_fails", _truncated("")),
    ("emoji_fails", _truncated("\ufffd")),
    ("wrong_charset", _decode_as("gbk")),
    ("wrong_charset", _decode_as("latin-1")),
    ("wrong_charset", _encode_as("gbk")),
    ("wrong_charset", _encode_as("latin-1")),
    ("wrong_charset", _encode_as("ascii")),
)


def rewritten_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each distinct body with the mistake that produces it."""
    text = body.decode("utf-8")
    known_values = {body}
    for name, rewrite in REWRITES:
        rewritten_body = rewrite(text).encode("utf-8", "replace")
        if rewritten_body not in known_values:
            known_values.add(rewritten_body)
            yield name, rewritten_body


def other_escapes(body: bytes) -> Iterator[bytes]:
    """Yield an answer's JSON with the escapes of some libraries added or removed."""
    for characters in ("<>&='", "<>&"):
        escaped = unescaped = body
        for character in characters:
            escape = f"\\u{ord(character):04x}".encode()
            escaped, unescaped = (
                escaped.replace(character.encode(), escape),
                unescaped.replace(escape, character.encode()),
            )
        yield escaped
        yield unescaped
    yield body.replace(b"/", b"\\/")
    yield body.replace(b"\\/", b"/")
