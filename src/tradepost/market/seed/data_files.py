"""The demo's texts and prices in TOML files. Errors name the file and the key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import msgspec


class InvalidData(ValueError):
    """A data file is invalid; the message is ``file: key: problem``."""


class DataTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of a data file. Unknown keys are errors."""


def read[T](name: str, shape: type[T]) -> T:
    """Read the file ``name`` in the folder ``data``. Raises ``InvalidData``."""
    return parse((files(__package__) / "data" / name).read_text(encoding="utf-8"), shape, name=name)


def parse[T](text: str, shape: type[T], *, name: str) -> T:
    """Parse a text. Raises ``InvalidData`` with ``name`` as the file."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidData(f"{name}: {error}") from None
    for problem in _texts_in_one_language(raw, ""):
        raise InvalidData(f"{name}: {problem}")
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        reason, _, at = str(error).partition(" - at `$")
        key = at.rstrip("`").removeprefix(".") or "the file"
        raise InvalidData(f"{name}: {key}: {reason}") from None


def _texts_in_one_language(value: Any, key: str) -> Iterator[str]:
    """Yield texts that are not in both languages."""
    match value:
        case {"zh": _} | {"en": _}:
            if set(value) != {"zh", "en"} or not all(isinstance(text, str) and text.strip() for text in value.values()):
                yield f"{key}: needs words in zh and en, and nothing else"
        case dict():
            for name, inner in value.items():
                yield from _texts_in_one_language(inner, f"{key}.{name}" if key else name)
        case list():
            for number, inner in enumerate(value):
                yield from _texts_in_one_language(inner, f"{key}[{number}]")
