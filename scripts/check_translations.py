"""Says what is missing in the translations: visible strings without Chinese, and entries that no page shows any more.

Reads sources and templates as Django's makemessages does, but in Python alone, so that it runs where xgettext is missing.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_python
from babel.messages.pofile import PoFileError, read_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent

type Key = tuple[str | None, str]
"""Context and English text."""

PLAIN = ("_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy")
WITH_CONTEXT = ("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy")
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]|(?<!%)%(?:%%)*[sdrf]|(?<!\{)\{\w*[^{}]*\}(?!\})")


def problems(root: Path) -> list[str]:
    """One line for each fault, with the file it is in; empty when every visible string has its translation."""
    catalogs, found = _catalogs(root)
    shown = dict(_shown(root))
    translated = {_key(message) for catalog in catalogs.values() for message in catalog if message.id}
    for path, catalog in catalogs.items():
        found += [f"{path}: obsolete entry {identity!r}" for identity in catalog.obsolete]
        found += [f"{path}: {fault} {message.id!r}" for message in catalog if message.id for fault in _faults(message)]
        found += [
            f"{path}: nothing shows {message.id!r} any more"
            for message in catalog
            if message.id and _key(message) not in shown
        ]
    found += [f"{where}: no translation of {key[1]!r}" for key, where in shown.items() if key not in translated]
    return found


def _catalogs(root: Path) -> tuple[dict[Path, Catalog], list[str]]:
    catalogs, unreadable = {}, []
    for path in sorted(root.glob("src/**/locale/*/LC_MESSAGES/*.po")):
        try:
            with path.open("rb") as handle:
                catalogs[path.relative_to(root)] = read_po(handle, locale=path.parts[-3], abort_invalid=True)
        except PoFileError as error:
            unreadable.append(f"{path.relative_to(root)}: {error}")
    return catalogs, unreadable


def _shown(root: Path) -> Iterator[tuple[Key, str]]:
    """Every string that code or templates mark for translation, with the place that does."""
    source = root / "src"
    for path in sorted(source.glob("**/*.py")):
        yield from _extract(path.read_bytes(), path.relative_to(root))
    for path in sorted([*source.glob("**/templates/**/*.html"), *source.glob("**/templates/**/*.txt")]):
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path.relative_to(root)))
        # What templatize blanks out keeps its indentation, which Python's tokenizer would refuse.
        lines = (line.lstrip() for line in code.splitlines())
        yield from _extract("\n".join(lines).encode(), path.relative_to(root))


def _extract(code: bytes, path: Path) -> Iterator[tuple[Key, str]]:
    calls = extract_python(io.BytesIO(code), dict.fromkeys((*PLAIN, *WITH_CONTEXT)), [], {"encoding": "utf-8"})
    for line, function, found, _comments in calls:
        # Babel gives None, whatever its types say, for a call without a literal; ruff's INT rules see to those.
        texts = [found] if isinstance(found, str) else list(found or ())  # type: ignore[redundant-expr]
        context = texts.pop(0) if function in WITH_CONTEXT and texts else None
        if texts and texts[0]:
            yield (context, texts[0]), f"{path}:{line}"


def _key(message: Message) -> Key:
    return message.context, message.id if isinstance(message.id, str) else message.id[0]


def _faults(message: Message) -> Iterator[str]:
    strings = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    if not strings or not all(strings):
        yield "empty"
        return
    if message.fuzzy:
        yield "fuzzy"
    wanted = _placeholders(message.id if isinstance(message.id, str) else message.id[-1])
    if any(_placeholders(string) != wanted for string in strings):
        yield "other placeholders than"


def _placeholders(text: str) -> Mapping[str, int]:
    names = PLACEHOLDER.findall(text)
    return {name: names.count(name) for name in names}


def main() -> int:
    settings.configure()
    found = problems(ROOT)
    sys.stdout.write("".join(f"{line}\n" for line in found) or "Every visible string is translated.\n")
    return int(bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
