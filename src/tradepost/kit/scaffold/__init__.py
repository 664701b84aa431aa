"""Makes a new seller's project from the templates beside this file: a server that runs and passes the tester at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.kit.keypair import KeyPair, make_pair

from .template_values import DEFAULT, PROTOCOLS, conditions_of, protocol_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

HERE = Path(__file__).parent
COMMON = "common"
VERSIONS = "versions"
"""In place of files of ``common`` when the project speaks anything but SaaS 2.0 alone."""
THEMES = "themes"
"""Beside them, a folder for each thing that only some protocols bring."""
TEMPLATE = ".template"
"""Ends every template's name, so that no tool takes one for a file of ours."""
DOT = "dot_"
"""Starts the name of a hidden file, which some packagers leave out."""


@dataclass(frozen=True, slots=True)
class Framework:
    """``needs``: what the project requires beside the kit; ``server``: how the project names its server."""

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


def write_project(
    folder: Path,
    framework: str,
    *,
    key: str,
    version: str,
    protocols: Sequence[str] = DEFAULT,
    pair: Callable[[], KeyPair] = make_pair,
) -> tuple[Path, ...]:
    """Make the project in a folder that is missing or empty; the files that were written, in name order.

    ``key``: the signing key to try with, ``version``: of Tradepost, to require, ``pair``: makes the RSA keys that joint
    operation needs. Raises ``NotEmpty``, and ``LookupError`` for a framework that is not in ``FRAMEWORKS`` or protocols
    that are not of ``PROTOCOLS``.
    """
    chosen = FRAMEWORKS[framework]
    chosen_protocols = tuple(dict.fromkeys(protocols))
    unknown = [name for name in chosen_protocols if name not in PROTOCOLS]
    if unknown or not chosen_protocols:
        raise LookupError(f"no project for {', '.join(unknown) or 'no protocol'}; there are: {', '.join(PROTOCOLS)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmpty(f"{folder} exists and is not an empty folder")
    conditions = conditions_of(chosen_protocols)
    values = {
        "framework": framework,
        "title": chosen.title,
        "server": chosen.server,
        "requirements": "\n".join((f"tradepost>={version}", *chosen.needs)),
        "name": _harmless(folder.resolve().name),
        "image": _image(folder.resolve().name),
        **protocol_values(chosen_protocols, key, conditions),
        **(_key_values(pair()) if "joint" in conditions else {}),
    }
    written = []
    for relative, template in _templates(framework, chosen_protocols, conditions).items():
        place = folder / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        if relative.name == ".env":
            place.touch(mode=0o600)
        place.write_text(_fill(template.read_text(encoding="utf-8"), values, conditions), encoding="utf-8")
        if relative.suffix == ".sh":
            place.chmod(0o755)
        written.append(place)
    return tuple(sorted(written))


def _harmless(name: str) -> str:
    """Of a folder's name, what may stand inside quotes of Python and of HTML alike."""
    return re.sub(r"[\x00-\x1f\"'\\\\<>&{}]", "", name).strip() or "seller"


def _image(name: str) -> str:
    """Docker allows a few characters of ASCII, and no capitals."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "seller"


def _key_values(pair: KeyPair) -> dict[str, str]:
    return {"public_key": pair.public.strip(), "private_key": pair.private}


def _templates(framework: str, chosen_protocols: tuple[str, ...], conditions: frozenset[str]) -> Mapping[Path, Path]:
    """Where each file of a project goes, and its template; later folders replace files of earlier ones."""
    folders = [HERE / COMMON, HERE / framework]
    if chosen_protocols != DEFAULT:
        themes = [path for path in sorted((HERE / THEMES).iterdir()) if path.name in conditions]
        folders = [HERE / COMMON, HERE / VERSIONS, *themes, HERE / framework]
    return dict(found for folder in folders for found in _templates_in(folder))


def _templates_in(folder: Path) -> Iterator[tuple[Path, Path]]:
    for template in sorted(folder.rglob(f"*{TEMPLATE}")):
        names = template.relative_to(folder).as_posix().removesuffix(TEMPLATE).split("/")
        yield Path(*(f".{name[len(DOT) :]}" if name.startswith(DOT) else name for name in names)), template


_BLOCK = re.compile(r"<<if (\w+)>>\n(.*?)<<end>>\n", re.DOTALL)
"""Lines that are kept when a condition holds; blocks do not nest."""


def _fill(text: str, values: Mapping[str, str], conditions: frozenset[str]) -> str:
    text = _BLOCK.sub(lambda block: block[2] if block[1] in conditions else "", text)
    for name, value in values.items():
        text = text.replace(f"<<{name}>>", value)
    return text
