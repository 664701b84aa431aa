"""Find every refusal in the market's source, and every place of the sites that catches one, in the syntax trees.

A place reaches a refusal when its ``try`` names a function that raises the refusal, directly or through others.
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
VERB_PLACES = {"act": 1, "ask": 2}
"""Functions of ``web.pages`` that run a verb, and the position of this argument."""
MAX_NAMESAKES = 1
"""A method that more classes define is not followed, because the called one is unknown."""


class Refusal(NamedTuple):
    """``field``: of the form; "*" if it is computed. ``words``: the message in the source, or empty."""

    code: str
    field: str
    words: str


class Catch(NamedTuple):
    """A ``try`` that catches refusals, or a verb passed to ``act`` or ``ask``. ``lines``: of its first statement;
    ``own``: whether it reads the code of the caught refusal; ``verb``: the name of the function that contains the
    lines, if it is not ``function``.
    """

    file: str
    function: str
    lines: tuple[int, int]
    classes: frozenset[str]
    own: bool
    verb: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.function}:{'+'.join(sorted(self.classes))}"


@dataclass
class Function:
    """``names``: the functions and methods that it mentions, resolved by the imports where possible."""

    refusals: set[Refusal] = field(default_factory=set)
    names: set[tuple[str, str]] = field(default_factory=set)
    methods: set[str] = field(default_factory=set)
    parameters: set[str] = field(default_factory=set)


class Source:
    """The functions of all modules, by module and name."""

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
        self.wrappers = {key: wrapper for module in self.trees for key, wrapper in self._wrappers(module)}
        for module, tree in self.trees.items():
            self._read(module, tree, "")

    def _refusal_classes(self) -> set[str]:
        classes = set(BASES)
        for tree in self.trees.values():
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and {_dotted(base) for base in node.bases} & classes:
                    classes.add(node.name)
        return classes

    def _wrappers(self, module: str) -> Iterator[tuple[tuple[str, str], tuple[list[str], ast.Call]]]:
        """Functions that only put a refusal together: their parameters, and how."""
        for node in self.trees[module].body:
            if isinstance(node, ast.FunctionDef) and node.returns and _dotted(node.returns) in self.classes:
                calls = [call for call in ast.walk(node) if isinstance(call, ast.Call) and _dotted(call.func) in BASES]
                if calls:
                    yield (module, node.name), ([arg.arg for arg in node.args.args], calls[0])

    def _read(self, module: str, tree: ast.AST, above: str) -> None:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{above}{node.name}"
                self.functions[module, name] = self.mentions_of(module, node)
                if above:
                    self.methods.setdefault(node.name, set()).add((module, name))
            elif isinstance(node, ast.ClassDef):
                self._read(module, node, f"{node.name}.")

    def mentions_of(self, module: str, *nodes: ast.AST) -> Function:
        function = Function()
        for root in nodes:
            if isinstance(root, ast.FunctionDef | ast.AsyncFunctionDef):
                function.parameters = {arg.arg for arg in (*root.args.args, *root.args.kwonlyargs)}
            for node in ast.walk(root):
                if isinstance(node, ast.Call):
                    function.refusals.update(self._made(module, node))
                if isinstance(node, ast.Name):
                    function.names.add(self.imports[module].get(node.id, (module, node.id)))
                elif isinstance(node, ast.Attribute):
                    owner = self.imports[module].get(_dotted(node.value))
                    if owner and f"{owner[0]}.{owner[1]}" in self.trees:
                        function.names.add((f"{owner[0]}.{owner[1]}", node.attr))
                    else:
                        function.methods.add(node.attr)
        return function

    def _made(self, module: str, call: ast.Call) -> Iterator[Refusal]:
        name = _dotted(call.func)
        if name in BASES:
            yield _refusal(call, {})
        elif name in self.classes:
            yield Refusal(name, "*", "")
        elif wrapper := self.wrappers.get(self.imports[module].get(name, (module, name))):
            yield _refusal(wrapper[1], dict(zip(wrapper[0], call.args, strict=False)))

    def reached(self, start: Function) -> set[Refusal]:
        """Return every refusal raised by what ``start`` mentions, at any depth."""
        refusals, todo, visited = set(start.refusals), [start], set[tuple[str, str]]()
        while todo:
            function = todo.pop()
            keys = set(function.names)
            for name in function.methods:
                namesakes = self.methods.get(name, set())
                keys |= namesakes if len(namesakes) <= MAX_NAMESAKES else set()
            for key in keys - visited:
                visited.add(key)
                if key in self.functions:
                    refusals |= self.functions[key].refusals
                    todo.append(self.functions[key])
        return refusals


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
    """Return ``name`` or ``name.name``; empty for other nodes."""
    if isinstance(node, ast.Name):
        return node.id
    return (
        f"{node.value.id}.{node.attr}" if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
    )


def _refusal(call: ast.Call, arguments: Mapping[str, ast.expr]) -> Refusal:
    """``given``: the arguments of the function that makes it."""
    code, words = [*call.args, ast.Constant(""), ast.Constant("")][:2]
    field_of = next((keyword.value for keyword in call.keywords if keyword.arg == "field"), ast.Constant(""))
    code, words, field_of = (arguments.get(_dotted(node), node) for node in (code, words, field_of))
    return Refusal(_text(code) or "*", _text(field_of) if isinstance(field_of, ast.Constant) else "*", _words(words))


def _words(node: ast.expr) -> str:
    """Return the message id of ``_("…")`` or ``_("…") % {…}``; empty for messages assembled elsewhere."""
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
    return frozenset(refusal for function in source().functions.values() for refusal in function.refusals)


@cache
def catches() -> Mapping[Catch, frozenset[Refusal]]:
    """Return every place of the sites that catches refusals, with the refusals that reach it."""
    places = {}
    for folder in SITES:
        for path in sorted((MARKET / folder).rglob("*.py")):
            module = _module(path)
            for function in _functions(source().trees.get(module, ast.Module([], []))):
                for node in _tries(function):
                    if catch := _catch(path, function, node):
                        places[catch] = frozenset(_reaching(module, function, node))
                for verb in _verbs(function):
                    reaching = source().reached(source().mentions_of(module, verb))
                    places[_act(path, function, verb)] = frozenset(reaching | _passed_in(module, function, verb))
    return places


def _verbs(function: ast.FunctionDef) -> Iterator[ast.Lambda | ast.FunctionDef]:
    """Yield the verbs that a view passes to ``act`` or ``ask`` of ``web.pages``: a lambda, or a function inside the
    view.
    """
    inside = {
        node.name: node for node in ast.walk(function) if isinstance(node, ast.FunctionDef) and node is not function
    }
    for node in ast.walk(function):
        place = VERB_PLACES.get(_dotted(node.func), 0) if isinstance(node, ast.Call) else 0
        if place and isinstance(node, ast.Call) and len(node.args) > place:
            verb = node.args[place]
            if isinstance(verb, ast.Lambda):
                yield verb
            elif isinstance(verb, ast.Name) and verb.id in inside:
                yield inside[verb.id]
            else:
                raise LookupError(f"{function.name} gives a verb that is neither a lambda nor a function inside it")


def _act(path: Path, function: ast.FunctionDef, verb: ast.Lambda | ast.FunctionDef) -> Catch:
    first = verb.body if isinstance(verb, ast.Lambda) else verb.body[0]
    name = "<lambda>" if isinstance(verb, ast.Lambda) else verb.name
    lines = first.lineno, first.end_lineno or first.lineno
    return Catch(str(path.relative_to(MARKET)), function.name, lines, frozenset(BASES), own=False, verb=name)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def _tries(function: ast.FunctionDef) -> Iterator[ast.Try]:
    todo: list[ast.AST] = list(function.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef):
            continue  # listed separately
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
    return source().reached(source().mentions_of(module, *node.body)) | _passed_in(module, function, *node.body)


def _passed_in(module: str, function: ast.FunctionDef, *parts: ast.AST) -> set[Refusal]:
    """Return the refusals raised by what callers pass in, if the parts call a parameter."""
    parameters = {arg.arg for arg in (*function.args.args, *function.args.kwonlyargs)}
    refusals = set[Refusal]()
    if any(
        isinstance(call, ast.Call) and _dotted(call.func) in parameters for part in parts for call in ast.walk(part)
    ):
        for key, caller in source().functions.items():  # what callers pass in
            if key[0] == module and (module, function.name) in caller.names:
                refusals |= source().reached(caller)
    return refusals
