"""Creates a seller's project from the templates beside this file: a server that passes the tester."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.kit.keypair import KeyPair, make_pair

from .template_values import DEFAULT, PROTOCOLS, conditions_of, protocol_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

TEMPLATES_FOLDER = Path(__file__).parent
COMMON_FOLDER = "common"
VERSIONS = "versions"
"""Replaces files of ``common`` if the project has any protocol besides SaaS 2.0."""
THEMES = "themes"
"""Additional folders, one for each feature that only some protocols have."""
TEMPLATE = ".template"
"""Suffix of all template names, so that tools do not treat them as source files of Tradepost."""
DOT_PREFIX = "dot_"
"""Prefix of a hidden file's name, which some packagers would omit."""


@dataclass(frozen=True, slots=True)
class Framework:
    """``needs``: requirements of the project besides the kit; ``server``: its command to start the server."""

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
    """The folder is not empty, and its files must not be overwritten."""


def write_project(
    folder: Path,
    framework: str,
    *,
    key: str,
    version: str,
    protocols: Sequence[str] = DEFAULT,
    pair: Callable[[], KeyPair] = make_pair,
) -> tuple[Path, ...]:
    """Create the project in a missing or empty folder. Return the files in name order.

    ``key``: the signing key for the first tests. ``version``: the required version of Tradepost. ``pair``: creates the
    RSA keys that joint operation needs. Raises ``NotEmpty``, or ``LookupError`` for a framework that is not in
    ``FRAMEWORKS`` or protocols that are not in ``PROTOCOLS``.
    """
    chosen = FRAMEWORKS[framework]
    chosen_protocols = tuple(dict.fromkeys(protocols))
    unknown_protocols = [name for name in chosen_protocols if name not in PROTOCOLS]
    if unknown_protocols or not chosen_protocols:
        raise LookupError(
            f"no project for {', '.join(unknown_protocols) or 'no protocol'}; there are: {', '.join(PROTOCOLS)}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmpty(f"{folder} exists and is not an empty folder")
    conditions = conditions_of(chosen_protocols)
    values = {
        "framework": framework,
        "title": chosen.title,
        "server": chosen.server,
        "requirements": "\n".join((f"tradepost>={version}", *chosen.needs)),
        "name": _quotable(folder.resolve().name),
        "image": _image(folder.resolve().name),
        **protocol_values(chosen_protocols, key, conditions),
        **(_key_values(pair()) if "joint" in conditions else {}),
    }
    paths = []
    for relative, template in _templates(framework, chosen_protocols, conditions).items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        if relative.name == ".env":
            path.touch(mode=0o600)
        path.write_text(_fill(template.read_text(encoding="utf-8"), values, conditions), encoding="utf-8")
        if relative.suffix == ".sh":
            path.chmod(0o755)
        paths.append(path)
    return tuple(sorted(paths))


def _quotable(name: str) -> str:
    """Remove characters of a folder's name that could end a quoted text in Python or HTML."""
    return re.sub(r"[\x00-\x1f\"'\\\\<>&{}]", "", name).strip() or "seller"


def _image(name: str) -> str:
    """Return an image name: Docker allows only some ASCII characters and no capitals."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "seller"


def _key_values(pair: KeyPair) -> dict[str, str]:
    return {"public_key": pair.public.strip(), "private_key": pair.private}


def _templates(framework: str, chosen_protocols: tuple[str, ...], conditions: frozenset[str]) -> Mapping[Path, Path]:
    """Return the path of each file and its template; later folders replace files of earlier ones."""
    folders = [TEMPLATES_FOLDER / COMMON_FOLDER, TEMPLATES_FOLDER / framework]
    if chosen_protocols != DEFAULT:
        themes = [path for path in sorted((TEMPLATES_FOLDER / THEMES).iterdir()) if path.name in conditions]
        folders = [TEMPLATES_FOLDER / COMMON_FOLDER, TEMPLATES_FOLDER / VERSIONS, *themes, TEMPLATES_FOLDER / framework]
    return dict(entry for folder in folders for entry in _templates_in(folder))


def _templates_in(folder: Path) -> Iterator[tuple[Path, Path]]:
    for template in sorted(folder.rglob(f"*{TEMPLATE}")):
        names = template.relative_to(folder).as_posix().removesuffix(TEMPLATE).split("/")
        yield (
            Path(*(f".{name[len(DOT_PREFIX) :]}" if name.startswith(DOT_PREFIX) else name for name in names)),
            template,
        )


_BLOCK = re.compile(r"<<if (\w+)>>\n(.*?)<<end>>\n", re.DOTALL)
"""Lines that are kept if a condition is true; blocks cannot be nested."""


def _fill(text: str, values: Mapping[str, str], conditions: frozenset[str]) -> str:
    text = _BLOCK.sub(lambda block: block[2] if block[1] in conditions else "", text)
    for name, value in values.items():
        text = text.replace(f"<<{name}>>", value)
    return text
