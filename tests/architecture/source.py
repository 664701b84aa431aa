"""The project as the tests of this folder see it: its files, its layers, its import graph."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

from tests import waiting

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = "tradepost"
STANDARD_LIBRARY = sys.stdlib_module_names


@cache
def tracked_files() -> tuple[Path, ...]:
    """Return every file of the repository, including those about to be added, relative to its root."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=waiting.PROGRAM_TIMEOUT,
    )
    paths = (Path(name) for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if (ROOT / path).is_file())


def python_files(*folders: str) -> Iterator[Path]:
    """Return the project's Python files, without Django's migrations."""
    return (
        path
        for path in tracked_files()
        if path.suffix == ".py" and path.parts[0] in folders and "migrations" not in path.parts
    )


def python_containing(*words: str, folders: Sequence[str]) -> Iterator[tuple[Path, str]]:
    """Return the Python files that contain one of these words, with their texts: parsing a text takes a hundred times
    as long as searching it."""
    for path in python_files(*folders):
        text = (ROOT / path).read_text(encoding="utf-8")
        if any(word in text for word in words):
            yield path, text


@cache
def market_layers() -> tuple[frozenset[str], ...]:
    """Return the contexts of the market from the top down, siblings together, as import-linter reads them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = next(each for each in project["tool"]["importlinter"]["contracts"] if each["id"] == "market")
    return tuple(frozenset(name.strip(" ()") for name in layer.split("|")) for layer in contract["layers"])


def layer_of(context: str) -> int:
    """Return the index of a context counted from the top: a lower layer has a higher number."""
    return next(place for place, names in enumerate(market_layers()) if context in names)


@cache
def import_graph(*, external: bool = False) -> grimp.ImportGraph:
    return grimp.build_graph(
        PACKAGE, exclude_type_checking_imports=True, include_external_packages=external, cache_dir=None
    )


def folders_of(package: str) -> frozenset[str]:
    """Return the packages directly inside a package."""
    graph = import_graph()
    return frozenset(child for child in graph.find_children(package) if graph.find_children(child))


def imports_between(packages: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return each import, direct or indirect, from one of these packages into another of them."""
    graph = import_graph()
    for importer in sorted(packages):
        for imported in sorted(packages):
            if importer != imported and graph.chain_exists(importer, imported, as_packages=True):
                yield importer, imported


def import_cycle() -> list[str]:
    """Return modules that import each other in this order; empty if there is no cycle."""
    graph = import_graph()
    imports = {module: graph.find_modules_directly_imported_by(module) for module in sorted(graph.modules)}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as found:
        return list(found.args[1])
    return []
