"""Golden files: stored values as some release wrote them, which every later release must read.

``tests/data/stored/<what>/<name>.v<version>.json`` holds the ``fields`` of the class in that version with their types, and
``rows``: what was stored, the oldest form first. A field that gets a default keeps the version: the file gets the field
and one more row. Anything else is the next version, with an upgrade and a file of its own. Nothing here writes a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tradepost.market.base.stored import dump, version_of
from tradepost.market.base.values import members

FOLDER = Path(__file__).resolve().parents[1] / "data" / "stored"

type Load = Callable[[Mapping[str, Any]], object]


def golden(what: str) -> dict[tuple[str, int], dict[str, Any]]:
    """The files of a kind by name and version."""
    found = {}
    for path in sorted((FOLDER / what).iterdir()):
        name, _, number = path.stem.partition(".v")
        found[name, int(number)] = json.loads(path.read_text(encoding="utf-8"))
    return found


def problems(name: str, cls: type, files: Mapping[tuple[str, int], dict[str, Any]], load: Load) -> list[str]:
    """Why rows of this class that are stored somewhere would not be read, in words that say what to do."""
    present = version_of(cls)
    found = [f"{name}.v{number}.json is missing" for number in range(1, present + 1) if (name, number) not in files]
    for (of, number), file in files.items():
        if of == name:
            found += [
                f"{name}.v{number}.json, row {place}: {why}"
                for place, row in enumerate(file["rows"], 1)
                if (why := _lost(row, load, same=number == present))
            ]
    if not found:
        found += _changed(name, cls, files[name, present])
    return found


def _lost(row: Mapping[str, Any], load: Load, *, same: bool) -> str:
    try:
        stored = json.loads(json.dumps(dump(load(row))))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what a worker would meet
        return f"cannot be read: {error}"
    if not same:
        return ""
    # What was written before rows had versions spelled its times in another way.
    lost = {key for key, value in row.items() if key not in stored or ("v" in row and not _kept(value, stored[key]))}
    return f"is read as something else: {sorted(lost)} of it" if lost else ""


def _kept(before: object, after: object) -> bool:
    """Whether a member is as it was; sections inside of a value may have got members that have a default."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and _kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_kept, before, after))
    return before == after


def _changed(name: str, cls: type, file: Mapping[str, Any]) -> list[str]:
    written = {
        name: kind for part in reversed(cls.__mro__) for name, kind in vars(part).get("__annotations__", {}).items()
    }
    fields = {name: str(written[name]) for name in members(cls)}
    if fields != file["fields"]:
        return [
            f"{name} has other fields than its file: {fields}. A default added keeps the version, else it is the next."
        ]
    if len(file["rows"][-1]) != len(fields) + 1:
        return [f"the last row of {name} is not whole"]
    return []
