"""Find import cycles between modules, counting every import: at the top, inside functions, and for types only.

``source.import_cycle`` checks what happens when the program starts. A cycle of types is harmless then, but neither
module can be read, moved or tested without the other.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from pathlib import Path

type Imports = Mapping[str, frozenset[str]]
"""The modules of a package that each of its modules imports."""


def imports_of(folder: Path) -> Imports:
    """Return every import of every module below a package's folder, except imports from elsewhere."""
    modules = {_module_name(path, folder): path for path in sorted(folder.rglob("*.py"))}
    return {name: _imported(name, path, modules) - {name} for name, path in modules.items()}


def circles(imports: Imports) -> list[tuple[str, ...]]:
    """Return the largest sets of modules that all reach each other, each sorted by name."""
    reached = {module: _reached_from(module, imports) for module in imports}
    found = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in imports
        if module in reached[module]
    }
    return sorted(found)


def _reached_from(module: str, imports: Imports) -> frozenset[str]:
    reached: set[str] = set()
    waiting = list(imports[module])
    while waiting:
        imported = waiting.pop()
        if imported not in reached:
            reached.add(imported)
            waiting += imports[imported]
    return frozenset(reached)


def _module_name(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, modules: Collection[str]) -> frozenset[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            # A submodule if there is one, else a name that the package defines.
            found |= {each if (each := f"{base}.{alias.name}") in modules else base for alias in node.names}
    return frozenset(found & set(modules))


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    above = package.split(".")
    return ".".join([*above[: len(above) - node.level + 1], *([node.module] if node.module else [])])
