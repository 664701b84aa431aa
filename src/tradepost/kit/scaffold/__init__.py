"""Makes a new seller's project from the templates beside this file: a server that runs and passes the tester at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
COMMON = "common"
TEMPLATE = ".template"
"""Ends every template's name, so that no tool takes one for a file of ours."""
DOT = "dot_"
"""Starts the name of a hidden file, which some packagers leave out."""


@dataclass(frozen=True, slots=True)
class Framework:
    """``needs``: what the project requires beside the kit; ``server``: what the words of the project say about it."""

    title: str
    needs: tuple[str, ...] = ()
    server: str = "waitress"


FRAMEWORKS: Mapping[str, Framework] = {
    "wsgi": Framework("plain WSGI"),
    "flask": Framework("Flask", ("flask>=3.1",)),
    "django": Framework("Django", ("django>=5.2",)),
    "fastapi": Framework("FastAPI", ("fastapi>=0.115", "uvicorn>=0.34"), "uvicorn with h11"),
    "asgi": Framework("plain ASGI", ("uvicorn>=0.34",), "uvicorn with h11"),
}


class NotEmpty(Exception):
    """The folder has something in it already, which nobody wants overwritten."""


def write_project(folder: Path, framework: str, *, key: str, version: str) -> tuple[Path, ...]:
    """Make the project in a folder that is missing or empty; the files that were written, in name order.

    ``key``: the signing key to try with, ``version``: of Tradepost, to require. Raises ``NotEmpty``, and ``LookupError``
    for a framework that is not in ``FRAMEWORKS``.
    """
    chosen = FRAMEWORKS[framework]
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmpty(f"{folder} exists and is not an empty folder")
    words = {
        "framework": framework,
        "title": chosen.title,
        "server": chosen.server,
        "key": key,
        "requirements": "\n".join((f"tradepost>={version}", *chosen.needs)),
        "name": folder.resolve().name,
    }
    written = []
    for relative, template in _templates(framework):
        place = folder / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_fill(template.read_text(encoding="utf-8"), words), encoding="utf-8")
        if relative.suffix == ".sh":
            place.chmod(0o755)
        if relative.name == ".env":
            place.chmod(0o600)
        written.append(place)
    return tuple(sorted(written))


def _templates(framework: str) -> Iterator[tuple[Path, Path]]:
    """Where each file of a project goes, and its template."""
    for part in (COMMON, framework):
        for template in sorted((HERE / part).rglob(f"*{TEMPLATE}")):
            names = template.relative_to(HERE / part).as_posix().removesuffix(TEMPLATE).split("/")
            yield Path(*(f".{name[len(DOT) :]}" if name.startswith(DOT) else name for name in names)), template


def _fill(text: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        text = text.replace(f"<<{name}>>", value)
    return text
