"""Bodies as sellers write them again before they verify them, each with the name of that mistake. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote, unquote_plus

type Rewrite = Callable[[str], str]
"""From the text of a compact JSON object to what the seller makes of it."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")


def _compact(value: object, *, ascii_only: bool = False) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=ascii_only)


def _escaped(characters: str, form: str) -> Rewrite:
    """None of these characters stands in the JSON outside of texts."""
    return lambda text: "".join(form.format(ord(c)) if c in characters else c for c in text)


def _on_texts(change: Callable[[str], object]) -> Rewrite:
    """Every text of the outermost object changed."""

    def rewrite(text: str) -> str:
        members = json.loads(text)
        return _compact({n: change(v) if isinstance(v, str) else v for n, v in members.items()})

    return rewrite


def _as_ascii(text: str) -> str:
    return _compact(json.loads(text), ascii_only=True)


def _as_php(text: str) -> str:
    return _as_ascii(text).replace("/", "\\/")


def _as_dotnet(text: str) -> str:
    """System.Text.Json: everything that HTML might take amiss, in capitals."""
    hard = _escaped("<>&'+`", "\\u{:04X}")(_compact(json.loads(text)).replace('\\"', "\\u0022"))
    return "".join(c if c.isascii() else "".join(f"\\u{unit:04X}" for unit in _units(c)) for c in hard)


def _units(character: str) -> list[int]:
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


def _read_as(charset: str) -> Rewrite:
    return lambda text: text.encode().decode(charset, "replace")


def _written_as(charset: str) -> Rewrite:
    return lambda text: text.encode(charset, "replace").decode(charset)


def _short(stand_in: str) -> Rewrite:
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
    ("trims_values", _on_texts(str.strip)),
    ("text_as_number", _on_texts(_as_number)),
    ("drops_empty_values", _without_empty),
    ("emoji_fails", _short("?")),
    ("emoji_fails", _short("")),
    ("emoji_fails", _short("\ufffd")),
    ("wrong_charset", _read_as("gbk")),
    ("wrong_charset", _read_as("latin-1")),
    ("wrong_charset", _written_as("gbk")),
    ("wrong_charset", _written_as("latin-1")),
    ("wrong_charset", _written_as("ascii")),
)


def rewritten(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Each other body that comes of it once, with the mistake that makes it."""
    text = body.decode("utf-8")
    seen = {body}
    for name, rewrite in REWRITES:
        other = rewrite(text).encode("utf-8", "replace")
        if other not in seen:
            seen.add(other)
            yield name, other


def escaped_otherwise(body: bytes) -> Iterator[bytes]:
    """An answer's JSON with the escapes that one library writes and another does not, added or taken out."""
    for characters in ("<>&='", "<>&"):
        more = less = body
        for character in characters:
            escape = f"\\u{ord(character):04x}".encode()
            more, less = more.replace(character.encode(), escape), less.replace(escape, character.encode())
        yield more
        yield less
    yield body.replace(b"/", b"\\/")
    yield body.replace(b"\\/", b"/")
