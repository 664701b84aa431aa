"""Makes a new seller's project from the templates beside this file: a server that runs and passes the tester at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tradepost.protocols import registry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent
COMMON = "common"
VERSIONS = "versions"
"""In place of files of ``common`` when the project speaks anything but SaaS 2.0 alone."""
SEVERAL = "several"
"""In place of a framework's files when the project speaks several versions, each at a path of its own."""
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


DEFAULT = ("saas_v2",)
PROTOCOLS = ("saas_v2", "saas_v1", "license_online", "license_v1")
"""What a project can speak: the versions in which a market orders something from a seller. License codes are made by the
market, the joint-operation kits bring tenants and people, and the order notice brings nothing to make: for those start
from ``examples/sample_seller``.
"""
KEY_NAMES = {"base": "SELLER_KEY", "license": "SELLER_LICENSE_KEY"}


class NotEmpty(Exception):
    """The folder has something in it already, which nobody wants overwritten."""


def write_project(
    folder: Path, framework: str, *, key: str, version: str, protocols: Sequence[str] = DEFAULT
) -> tuple[Path, ...]:
    """Make the project in a folder that is missing or empty; the files that were written, in name order.

    ``key``: the signing key to try with, ``version``: of Tradepost, to require. Raises ``NotEmpty``, and ``LookupError``
    for a framework that is not in ``FRAMEWORKS`` or protocols that are not of ``PROTOCOLS``.
    """
    chosen = FRAMEWORKS[framework]
    spoken = tuple(dict.fromkeys(protocols))
    unknown = [name for name in spoken if name not in PROTOCOLS]
    if unknown or not spoken:
        raise LookupError(f"no project for {', '.join(unknown) or 'no protocol'}; there are: {', '.join(PROTOCOLS)}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NotEmpty(f"{folder} exists and is not an empty folder")
    words = {
        "framework": framework,
        "title": chosen.title,
        "server": chosen.server,
        "requirements": "\n".join((f"tradepost>={version}", *chosen.needs)),
        "name": folder.resolve().name,
        **_protocol_words(spoken, key),
    }
    true = _true(spoken)
    written = []
    for relative, template in _templates(framework, spoken).items():
        place = folder / relative
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(_fill(template.read_text(encoding="utf-8"), words, true), encoding="utf-8")
        if relative.suffix == ".sh":
            place.chmod(0o755)
        if relative.name == ".env":
            place.chmod(0o600)
        written.append(place)
    return tuple(sorted(written))


def _templates(framework: str, spoken: tuple[str, ...]) -> Mapping[Path, Path]:
    """Where each file of a project goes, and its template; later folders replace files of earlier ones."""
    versions = [] if spoken == DEFAULT else [HERE / VERSIONS]
    several = [HERE / SEVERAL / framework] if len(spoken) > 1 else []
    return dict(
        found for folder in (HERE / COMMON, *versions, HERE / framework, *several) for found in _templates_in(folder)
    )


def _templates_in(folder: Path) -> Iterator[tuple[Path, Path]]:
    for template in sorted(folder.rglob(f"*{TEMPLATE}")):
        names = template.relative_to(folder).as_posix().removesuffix(TEMPLATE).split("/")
        yield Path(*(f".{name[len(DOT) :]}" if name.startswith(DOT) else name for name in names)), template


def _key_names(spoken: tuple[str, ...]) -> dict[str, str]:
    """The variable that holds the key of each protocol: one for all unless they are signed with different keys."""
    classes = {name: registry.protocol(name).key_class for name in spoken}
    if len(set(classes.values())) == 1:
        return dict.fromkeys(spoken, KEY_NAMES["base"])
    return {name: KEY_NAMES[key_class] for name, key_class in classes.items()}


def _protocol_words(spoken: tuple[str, ...], key: str) -> dict[str, str]:
    keys = _key_names(spoken)
    names = tuple(dict.fromkeys(keys.values()))
    paths = {name: f"produce/{name}" if len(spoken) > 1 else "produce" for name in spoken}
    tries, checks, current = [], [], ""
    for name in spoken:
        if keys[name] != current:
            current = keys[name]
            tries.append(f"export TRADEPOST_KEY=\"$(sed -n 's/^{current}=//p' .env)\"")
            checks.append(f'export TRADEPOST_KEY="${current}"')
        tries.append(f"tradepost check http://127.0.0.1:9000/{paths[name]} --protocol {name}")
        report = f"report-{name}" if len(spoken) > 1 else "report"
        checks.append(
            f'tradepost check "http://127.0.0.1:$port/{paths[name]}" --protocol {name}'
            f" --junit {report}.xml --html {report}.html"
        )
    created = ["app=access(made)"] if "saas_v1" in spoken else []
    created += ['license=made["license"]'] if "license_v1" in spoken else []
    quoted = ", ".join(f'"{name}"' for name in spoken)
    return {
        "protocols": f"({quoted},)" if len(spoken) == 1 else f"({quoted})",
        "created": f"Created({', '.join(created)})",
        "tries": "\n".join(tries),
        "checks": "\n".join(checks),
        "keys": "\n".join(f"{name}={key}" for name in names),
        "key_names": ", ".join(f"`{name}`" for name in names),
        "key_names_zh": "、".join(f"`{name}`" for name in names),
        "key_defaults": "\n".join(f'{name}="${{{name}:-$(fresh_key)}}"' for name in names),
        "key_exports": " ".join(names),
    }


def _true(spoken: tuple[str, ...]) -> frozenset[str]:
    """What the conditions of a template may ask for."""
    holds = {
        "saas": {"saas_v2", "saas_v1"} & set(spoken),
        "at_once": {"saas_v1", "license_v1"} & set(spoken),
        "one_key": len(set(_key_names(spoken).values())) == 1,
        "two_keys": len(set(_key_names(spoken).values())) > 1,
    }
    return frozenset((*spoken, *(name for name, so in holds.items() if so)))


_BLOCK = re.compile(r"<<if (\w+)>>\n(.*?)<<end>>\n", re.DOTALL)
"""Lines that are kept when a condition holds; blocks do not nest."""


def _fill(text: str, words: Mapping[str, str], true: frozenset[str]) -> str:
    text = _BLOCK.sub(lambda block: block[2] if block[1] in true else "", text)
    for name, value in words.items():
        text = text.replace(f"<<{name}>>", value)
    return text
