"""The direction of imports and foreign keys. ``lint-imports`` checks the layers themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from django.apps import apps
from django.db import models

from tests.architecture import source

KINDS = "tradepost.market.product_types.kinds"
PROTOCOLS = "tradepost.protocols"


def test_no_module_imports_itself_through_others() -> None:
    assert source.import_cycle() == []


def test_protocol_folders_do_not_import_each_other() -> None:
    folders = source.folders_of(PROTOCOLS)
    assert f"{PROTOCOLS}.saas_v2" in folders
    assert list(source.imports_between(folders)) == []


def test_kinds_of_product_do_not_import_each_other() -> None:
    kinds = source.import_graph().find_children(KINDS)
    assert f"{KINDS}.saas" in kinds
    assert list(source.imports_between(kinds)) == []


def test_protocols_only_need_the_standard_library_and_cryptography() -> None:
    graph = source.import_graph(external=True)
    ours = {PROTOCOLS, *graph.find_descendants(PROTOCOLS)}
    outside = {
        imported.partition(".")[0]
        for module in ours
        for imported in graph.find_modules_directly_imported_by(module) - ours
    }
    assert outside - source.STANDARD_LIBRARY - {"cryptography"} == set()


def test_foreign_keys_point_down() -> None:
    """Import-linter cannot see ``ForeignKey("orders.Order")``, but it ties the tables together."""
    ours = {name for layer in source.market_layers() for name in layer}
    keys: list[tuple[type[models.Model], type[models.Model]]] = [
        (model, field.remote_field.model)
        for model in apps.get_models()
        for field in (*model._meta.fields, *model._meta.many_to_many)
        if field.remote_field is not None
    ]
    upward = [
        f"{model._meta.label} -> {target._meta.label}"
        for model, target in keys
        if (here := _context(model)) in ours
        and (there := _context(target)) in ours
        and here != there
        and source.layer_of(here) >= source.layer_of(there)
    ]
    assert len(keys) > 0
    assert upward == []


def _context(model: type[models.Model]) -> str:
    return model.__module__.removeprefix("tradepost.market.").partition(".")[0]


def test_no_reaction_uses_django_signals() -> None:
    """Reactions are listed in ``wiring/``. A signal handler could be anywhere."""
    assert list(_signals()) == []


def _signals() -> Iterator[str]:
    for path, text in source.python_containing("signals", "dispatch", folders=("src",)):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            for name in names:
                if name.startswith("django.dispatch") or re.match(r"(django|allauth)\..*\bsignals\b", name):
                    yield f"{path}:{node.lineno} imports {name}"
