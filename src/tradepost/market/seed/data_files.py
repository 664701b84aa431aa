"""The demo's words and prices are data in TOML files; a mistake in one is told by its file and key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec


class BadData(ValueError):
    """A data file that does not hold what it should: ``file: key: what is wrong``."""


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a table of a data file holds; a key that is not one of its fields is a mistake."""


def read[T](name: str, shape: type[T]) -> T:
    """The file ``name`` of the folder ``data``. Raises ``BadData``."""
    return parse((files(__package__) / "data" / name).read_text(encoding="utf-8"), shape, name=name)


def parse[T](text: str, shape: type[T], *, name: str) -> T:
    """The same from a text. Raises ``BadData``, which tells of the file by ``name``."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadData(f"{name}: {error}") from None
    for problem in _one_sided(raw, ""):
        raise BadData(f"{name}: {problem}")
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        wrong, _, at = str(error).partition(" - at `$")
        key = at.rstrip("`").removeprefix(".") or "the file"
        raise BadData(f"{name}: {key}: {wrong}") from None


def _one_sided(value: Any, key: str) -> Iterator[str]:
    """Texts that are not there in both languages."""
    match value:
        case {"zh": _} | {"en": _}:
            if set(value) != {"zh", "en"} or not all(isinstance(said, str) and said.strip() for said in value.values()):
                yield f"{key}: needs words in zh and en, and nothing else"
        case dict():
            for name, inner in value.items():
                yield from _one_sided(inner, f"{key}.{name}" if key else name)
        case list():
            for number, inner in enumerate(value):
                yield from _one_sided(inner, f"{key}[{number}]")
