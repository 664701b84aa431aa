"""Reports missing translations: visible strings without Chinese, and entries that no page uses.

Reads sources and templates like Django's makemessages, but in pure Python, so that it does not need xgettext.
"""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
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
_ENTRY = re.compile(r'^(?:msgctxt "(.*)"\n)?msgid ((?:".*"\n)+)', re.MULTILINE)
PLACEHOLDER = re.compile(r"%\(\w+\)[#0\- +]*\d*(?:\.\d+)?[a-zA-Z]|(?<!%)%(?:%%)*[sdrf]|(?<!\{)\{\w*[^{}]*\}(?!\})")


def problems(root: Path) -> list[str]:
    """Return one line for each fault, with its file; empty if every visible string has a translation."""
    catalogs, faults = _catalogs(root)
    used = dict(_used_strings(root))
    translated = {_key(message) for catalog in catalogs.values() for message in catalog if message.id}
    for path, catalog in catalogs.items():
        faults += [f"{path}: obsolete entry {identity!r}" for identity in catalog.obsolete]
        faults += [f"{path}: {fault} {message.id!r}" for message in catalog if message.id for fault in _faults(message)]
        faults += [
            f"{path}: nothing shows {message.id!r} any more"
            for message in catalog
            if message.id and _key(message) not in used
        ]
    faults += _contradictions(catalogs)
    faults += [f"{where}: no translation of {key[1]!r}" for key, where in used.items() if key not in translated]
    return faults


def _contradictions(catalogs: Mapping[Path, Catalog]) -> Iterator[str]:
    """Yield texts that two catalogs translate differently: Django merges all catalogs, so one of them is never
    shown."""
    first: dict[tuple[str, Key], tuple[Path, str]] = {}
    for path, catalog in catalogs.items():
        for message in catalog:
            if not message.id:
                continue
            string = message.string if isinstance(message.string, str) else "".join((message.string or ("",))[:1])
            other, known = first.setdefault((path.parts[-3], _key(message)), (path, string))
            if string != known:
                yield f"{path}: {message.id!r} is {string!r} here and {known!r} in {other}"


def _catalogs(root: Path) -> tuple[dict[Path, Catalog], list[str]]:
    catalogs, faults = {}, []
    for path in sorted(root.glob("src/**/locale/*/LC_MESSAGES/*.po")):
        try:
            with path.open("rb") as handle:
                catalogs[path.relative_to(root)] = read_po(handle, locale=path.parts[-3], abort_invalid=True)
        except PoFileError as error:
            faults.append(f"{path.relative_to(root)}: {error}")
        else:
            faults += [f"{path.relative_to(root)}: two entries {key[1]!r}" for key in _duplicates(path)]
    return catalogs, faults


def _duplicates(path: Path) -> list[Key]:
    """Return entries that a catalog contains more than once: Babel silently keeps the last one."""
    entries = Counter(
        (context, "".join(re.findall(r'"(.*)"', text)))
        for context, text in re.findall(_ENTRY, path.read_text(encoding="utf-8"))
    )
    return [(context or None, text) for (context, text), times in entries.items() if times > 1]


def _used_strings(root: Path) -> Iterator[tuple[Key, str]]:
    """Yield every string that code or templates mark for translation, with its place."""
    source = root / "src"
    for path in sorted(source.glob("**/*.py")):
        yield from _extract(path.read_bytes(), path.relative_to(root))
    for path in sorted([*source.glob("**/templates/**/*.html"), *source.glob("**/templates/**/*.txt")]):
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path.relative_to(root)))
        # Parts that templatize blanks out keep their indentation, which Python's tokenizer would refuse.
        lines = (line.lstrip() for line in code.splitlines())
        yield from _extract("\n".join(lines).encode(), path.relative_to(root))


def _extract(code: bytes, path: Path) -> Iterator[tuple[Key, str]]:
    calls = extract_python(io.BytesIO(code), dict.fromkeys((*PLAIN, *WITH_CONTEXT)), [], {"encoding": "utf-8"})
    for line, function, found, _comments in calls:
        # Babel returns None, contrary to its types, for a call without a literal; ruff's INT rules report those.
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
    expected = _placeholders(message.id if isinstance(message.id, str) else message.id[-1])
    if any(_placeholders(string) != expected for string in strings):
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
