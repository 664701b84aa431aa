"""Golden files: stored values in the form of each release, which every later release must read.

``tests/data/stored/<what>/<name>.v<version>.json`` holds the ``fields`` of the class in that version with their types,
and ``rows``: stored values, the oldest form first. A field with a new default keeps the version: the file gets the
field and one more row. Any other change needs the next version, with an upgrade and its own file. No test writes a
file.
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
    """Return the files of a kind by name and version."""
    files = {}
    for path in sorted((FOLDER / what).iterdir()):
        name, _, number = path.stem.partition(".v")
        files[name, int(number)] = json.loads(path.read_text(encoding="utf-8"))
    return files


def problems(name: str, cls: type, files: Mapping[tuple[str, int], dict[str, Any]], load: Load) -> list[str]:
    """Return why stored rows of this class could not be read, with instructions."""
    present = version_of(cls)
    messages = [f"{name}.v{number}.json is missing" for number in range(1, present + 1) if (name, number) not in files]
    for (of, number), file in files.items():
        if of == name:
            messages += [
                f"{name}.v{number}.json, row {place}: {reason}"
                for place, row in enumerate(file["rows"], 1)
                if (reason := _lost(row, load, same=number == present))
            ]
    if not messages:
        messages += _changed(name, cls, files[name, present])
    return messages


def _lost(row: Mapping[str, Any], load: Load, *, same: bool) -> str:
    try:
        stored = json.loads(json.dumps(dump(load(row))))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is what a worker would meet
        return f"cannot be read: {error}"
    if not same:
        return ""
    # Rows from before the versions have times in another format.
    lost = {key for key, value in row.items() if key not in stored or ("v" in row and not _kept(value, stored[key]))}
    return f"is read as something else: {sorted(lost)} of it" if lost else ""


def _kept(before: object, after: object) -> bool:
    """Return whether a member is unchanged; nested sections may have new members with defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(key in after and _kept(value, after[key]) for key, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_kept, before, after))
    return before == after


def _changed(name: str, cls: type, file: Mapping[str, Any]) -> list[str]:
    annotations = {
        name: kind for part in reversed(cls.__mro__) for name, kind in vars(part).get("__annotations__", {}).items()
    }
    fields = {name: str(annotations[name]) for name in members(cls)}
    if fields != file["fields"]:
        return [
            f"{name} has other fields than its file: {fields}. A default added keeps the version, else it is the next."
        ]
    if len(file["rows"][-1]) != len(fields) + 1:
        return [f"the last row of {name} is not whole"]
    return []
