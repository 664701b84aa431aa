"""Every refusal in the source of the market, and every place of the sites that catches one: found in the syntax trees.

A place reaches a refusal when its ``try`` names a function from which the refusal is raised, directly or through others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

MARKET = Path(__file__).resolve().parents[2] / "src" / "tradepost" / "market"
PACKAGE = "tradepost.market"
SITES = ("sites/storefront", "sites/seller_center", "sites/console", "auth_centre", "web")
BASES = {"Refused", "IllegalTransition"}
MOST_NAMESAKES = 1
"""A method that more classes define is not followed: nobody knows which one is called."""


class Refusal(NamedTuple):
    """``field``: of the form; "*" when it is computed. ``words``: the message in the source, or empty."""

    code: str
    field: str
    words: str


class Catch(NamedTuple):
    """A ``try`` that catches refusals. ``lines``: of its first statement; ``own``: whether it reads the code of what it catches."""

    file: str
    function: str
    lines: tuple[int, int]
    classes: frozenset[str]
    own: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.function}:{'+'.join(sorted(self.classes))}"


@dataclass
class Function:
    """``names``: the functions and methods that it mentions, resolved where the imports say what they are."""

    refusals: set[Refusal] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)


class Source:
    """The functions of all modules by module and name."""

    def __init__(self) -> None:
        self.functions: dict[tuple[str, str], Function] = {}
        self.methods: dict[str, set[tuple[str, str]]] = {}
        self.trees: dict[str, ast.Module] = {}
        self.imports: dict[str, dict[str, tuple[str, str]]] = {}
        for path in sorted(MARKET.rglob("*.py")):
            if "migrations" not in path.parts:
                self.trees[_module(path)] = ast.parse(path.read_text())
        self.classes = self._refusal_classes()
        for module, tree in self.trees.items():
            self.imports[module] = dict(_imports(module, tree))
        self.wrappers = {key: made for module in self.trees for key, made in self._wrappers(module)}
        for module, tree in self.trees.items():
            self._read(module, tree, "")

    def _refusal_classes(self) -> set[str]:
        found = set(BASES)
        for tree in self.trees.values():
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and {_dotted(base) for base in node.bases} & found:
                    found.add(node.name)
        return found

    def _wrappers(self, module: str) -> Iterator[tuple[tuple[str, str], tuple[list[str], ast.Call]]]:
        """Functions that only put a refusal together: their parameters, and how."""
        for node in self.trees[module].body:
            if isinstance(node, ast.FunctionDef) and node.returns and _dotted(node.returns) in self.classes:
                made = [each for each in ast.walk(node) if isinstance(each, ast.Call) and _dotted(each.func) in BASES]
                if made:
                    yield (module, node.name), ([arg.arg for arg in node.args.args], made[0])

    def _read(self, module: str, tree: ast.AST, above: str) -> None:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{above}{node.name}"
                self.functions[module, name] = self.mentioned(module, node)
                if above:
                    self.methods.setdefault(node.name, set()).add((module, name))
            elif isinstance(node, ast.ClassDef):
                self._read(module, node, f"{node.name}.")

    def mentioned(self, module: str, *nodes: ast.AST) -> Function:
        found = Function()
        for top in nodes:
            if isinstance(top, ast.FunctionDef | ast.AsyncFunctionDef):
                found.parameters = {arg.arg for arg in (*top.args.args, *top.args.kwonlyargs)}
            for node in ast.walk(top):
                if isinstance(node, ast.Call):
                    found.refusals.update(self._made(module, node))
                if isinstance(node, ast.Name):
                    found.names.add(self.imports[module].get(node.id, (module, node.id)))
                elif isinstance(node, ast.Attribute):
                    owner = self.imports[module].get(_dotted(node.value))
                    if owner and f"{owner[0]}.{owner[1]}" in self.trees:
                        found.names.add((f"{owner[0]}.{owner[1]}", node.attr))
                    else:
                        found.methods.add(node.attr)
        return found

    def _made(self, module: str, call: ast.Call) -> Iterator[Refusal]:
        name = _dotted(call.func)
        if name in BASES:
            yield _refusal(call, {})
        elif name in self.classes:
            yield Refusal(name, "*", "")
        elif made := self.wrappers.get(self.imports[module].get(name, (module, name))):
            yield _refusal(made[1], dict(zip(made[0], call.args, strict=False)))

    def reached(self, start: Function) -> set[Refusal]:
        """Every refusal that is raised by what ``start`` mentions, however deep."""
        found, todo, seen = set(start.refusals), [start], set[tuple[str, str]]()
        while todo:
            function = todo.pop()
            keys = set(function.names)
            for name in function.methods:
                namesakes = self.methods.get(name, set())
                keys |= namesakes if len(namesakes) <= MOST_NAMESAKES else set()
            for key in keys - seen:
                seen.add(key)
                if key in self.functions:
                    found |= self.functions[key].refusals
                    todo.append(self.functions[key])
        return found


def _module(path: Path) -> str:
    parts = path.relative_to(MARKET).with_suffix("").parts
    return ".".join((PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)))


def _imports(module: str, tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    package = (
        module if (MARKET / "/".join(module.split(".")[2:]) / "__init__.py").is_file() else module.rpartition(".")[0]
    )
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join((*above, *([node.module] if node.module else [])))
            for alias in node.names:
                yield alias.asname or alias.name, (source, alias.name)


def _dotted(node: ast.AST) -> str:
    """``name`` or ``name.name``; empty for what is neither."""
    if isinstance(node, ast.Name):
        return node.id
    return (
        f"{node.value.id}.{node.attr}" if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    )


def _refusal(call: ast.Call, given: Mapping[str, ast.expr]) -> Refusal:
    """``given``: the arguments of the function that makes it."""
    code, words = [*call.args, ast.Constant(""), ast.Constant("")][:2]
    field_of = next((keyword.value for keyword in call.keywords if keyword.arg == "field"), ast.Constant(""))
    code, words, field_of = (given.get(_dotted(node), node) for node in (code, words, field_of))
    return Refusal(_text(code) or "*", _text(field_of) if isinstance(field_of, ast.Constant) else "*", _words(words))


def _words(node: ast.expr) -> str:
    """The message id of ``_("…")`` or ``_("…") % {…}``; empty for words that are put together elsewhere."""
    if isinstance(node, ast.BinOp):
        return _words(node.left)
    if isinstance(node, ast.Call) and node.args and _dotted(node.func) in {"_", "gettext", "gettext_lazy", "ngettext"}:
        return _words(node.args[0])
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else _dotted(node)


@cache
def source() -> Source:
    return Source()


@cache
def refusals() -> frozenset[Refusal]:
    return frozenset(each for function in source().functions.values() for each in function.refusals)


@cache
def catches() -> Mapping[Catch, frozenset[Refusal]]:
    """Every place of the sites that catches refusals, with those that reach it."""
    found = {}
    for folder in SITES:
        for path in sorted((MARKET / folder).rglob("*.py")):
            module = _module(path)
            for function in _functions(source().trees.get(module, ast.Module([], []))):
                for node in _tries(function):
                    if catch := _catch(path, function, node):
                        found[catch] = frozenset(_reaching(module, function, node))
    return found


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _tries(function: ast.FunctionDef) -> Iterator[ast.Try]:
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            continue  # listed by itself
        if isinstance(node, ast.Try):
            yield node
        todo.extend(ast.iter_child_nodes(node))


def _catch(path: Path, function: ast.FunctionDef, node: ast.Try) -> Catch | None:
    classes, own = set[str](), False
    for handler in node.handlers:
        named = set(ast.unparse(handler.type).strip("()").split(", ")) if handler.type else set()
        classes |= {name.rpartition(".")[2] for name in named} & source().classes
        own = own or (bool(handler.name) and f"{handler.name}.code" in ast.unparse(handler))
    if not classes:
        return None
    first = node.body[0]
    lines = first.lineno, first.end_lineno or first.lineno
    return Catch(str(path.relative_to(MARKET)), function.name, lines, frozenset(classes), own)


def _reaching(module: str, function: ast.FunctionDef, node: ast.Try) -> set[Refusal]:
    inside = source().mentioned(module, *node.body)
    parameters = {arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)}
    found = source().reached(inside)
    if any(
        isinstance(call, ast.Call) and _dotted(call.func) in parameters for part in node.body for call in ast.walk(part)
    ):
        for key, other in source().functions.items():  # what callers pass in
            if key[0] == module and (module, function.name) in other.names:
                found |= source().reached(other)
    return found
