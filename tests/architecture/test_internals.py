"""Internals of packages are overridden or read in one place each (house.md, move 6).

A place is a folder or module named ``<package>_internals``. Elsewhere, no code imports a private name or an internal
module, sets an attribute of a class or module of another package, or overrides a method that starts with an underscore.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import ROOT

SOURCE = ROOT / "src/tradepost"
INTERNAL_MODULES = re.compile(
    r"allauth\.account\.(internal|stages)\b|aiohttp\.(client_proto|client_reqrep|http_parser|http_writer|helpers)\b"
    r"|django\.db\.models\.(sql|base|utils)\b|django\.db\.backends\.(sqlite3|postgresql)\b|django\.utils\.asyncio\b"
    r"|django\.db\.migrations\.state\.ProjectState\b|waitress\.channel\b"
)
DOCUMENTED = {
    "_meta": "Django: Model _meta API",
    "_state": "Django: Model instance reference",
    "_default_manager": "Django: Managers",
    "_base_manager": "Django: Managers",
    "_make": "Python: collections.namedtuple",
    "_replace": "Python: collections.namedtuple",
    "_asdict": "Python: collections.namedtuple",
    "_fields": "Python: collections.namedtuple",
    "_exit": "Python: os._exit",
}
"""Names with an underscore that their packages document for use, and where."""
SETTABLE = {("sys", "argv"), ("os", "environ"), ("flask", "g")}


def modules() -> Iterator[Path]:
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if (
            "migrations" not in parts
            and "static" not in parts
            and not any(part.endswith("_internals") for part in parts)
        ):
            yield path


def imported(tree: ast.AST) -> dict[str, str]:
    """Return the names that a module imports, with their full names."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in DOCUMENTED


def private_uses(text: str) -> Iterator[str]:
    """Return the imports, reads and assignments of internals of other packages."""
    tree = ast.parse(text)
    names = imported(tree)
    own = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and _is_own(node.value)}
    own |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    own |= {n.target.id for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)}
    for full in names.values():
        if not full.startswith("tradepost") and (INTERNAL_MODULES.match(full) or any(map(is_private, full.split(".")))):
            yield f"import {full}"
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and is_private(node.attr)
            and not _is_own(node.value)
            and node.attr not in own
        ):
            yield ast.unparse(node)
        for target in getattr(node, "targets", None) or [getattr(node, "target", None)]:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                of = names.get(target.value.id, "tradepost")
                if (
                    not of.startswith("tradepost")
                    and (of.partition(".")[0], target.attr) not in SETTABLE
                    and of != "flask.g"
                ):
                    yield ast.unparse(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr":
            of = names.get(getattr(node.args[0], "id", ""), "tradepost")
            if not of.startswith("tradepost"):
                yield ast.unparse(node)


def _is_own(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in {"self", "cls"}


def overrides(path: Path) -> Iterator[str]:
    """Return the methods with an underscore that a class of this module overrides in a class of another package."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.bases]
    if not classes or not any(_private_methods(node) for node in classes):
        return
    names = imported(tree)
    for node in classes:
        for base in filter(None, (_resolved(base, names) for base in node.bases)):
            for name in _private_methods(node):
                for above in base.__mro__:
                    if name in vars(above) and not above.__module__.startswith("tradepost"):
                        yield f"{node.name}.{name} of {above.__module__}.{above.__name__}"


def _private_methods(node: ast.ClassDef) -> list[str]:
    return [
        member.name
        for member in node.body
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and is_private(member.name)
    ]


def _resolved(base: ast.expr, names: dict[str, str]) -> Any:
    first, *rest = ast.unparse(base).partition("[")[0].split(".")
    full = ".".join([names.get(first, ""), *rest])
    return found if full and isinstance(found := _found(full), type) else None


@cache
def _found(full: str) -> Any:
    module, _, name = full.rpartition(".")
    try:
        return importlib.import_module(full)
    except ImportError:
        return getattr(_found(module), name, None) if module else None


def test_no_other_module_uses_internals_of_packages() -> None:
    found = {
        f"{path.relative_to(SOURCE)}: {use}"
        for path in modules()
        for use in private_uses(path.read_text(encoding="utf-8"))
    }
    assert found == set(), "move it to a folder or module named after the package: django_internals, zipfile_internals"


def test_no_other_module_overrides_private_methods() -> None:
    assert {f"{path.relative_to(SOURCE)}: {one}" for path in modules() for one in overrides(path)} == set()


@pytest.mark.parametrize(
    "text",
    [
        "from django.db.models.sql.compiler import SQLCompiler",
        "from zipfile import _EndRecData",
        "import allauth.account.internal.flows",
        "import aiohttp\ndef f(session: aiohttp.ClientSession):\n    session._retry_connection = False",
        "from django.http import HttpRequest\nHttpRequest.now = None",
        "from django.http import HttpRequest\nsetattr(HttpRequest, 'now', None)",
        "def f(request):\n    return request._login_stage",
    ],
)
def test_each_kind_of_use_is_found(text: str) -> None:
    assert list(private_uses(text))


def test_override_is_found(tmp_path: Path) -> None:
    module = tmp_path / "own.py"
    module.write_text(
        "import imaplib\nclass Own(imaplib.IMAP4):\n    def _create_socket(self, timeout):\n        pass\n"
    )
    assert list(overrides(module)) == ["Own._create_socket of imaplib.IMAP4"]


# --- the places -------------------------------------------------------------------------------------------------------------

PACKAGES = {"Django": "django", "aiohttp": "aiohttp", "allauth": "django-allauth", "waitress": "waitress", "requests": "requests", "urllib3": "urllib3",
            "huaweicloudsdkcore": "huaweicloudsdkcore"}  # fmt: skip
WRITTEN_AGAINST = re.compile(r"^Written against (\w+) (\d+(?:\.\d+)*)\.$", re.MULTILINE)
NO_USE_OF_THEIR_OWN = {"__init__.py", "write_queue.py"}


def places() -> list[Path]:
    return [
        path
        for path in sorted(SOURCE.rglob("*.py"))
        if any(part.endswith("_internals") for part in path.relative_to(SOURCE).with_suffix("").parts)
        and path.name not in NO_USE_OF_THEIR_OWN
    ]


@pytest.mark.parametrize("path", places(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_each_place_names_the_release_it_was_written_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    found = WRITTEN_AGAINST.search(docstring)
    assert found, "end its docstring with: Written against Django 6.1."
    package, release = found.groups()
    if package != "Python":  # several are supported
        assert (version(PACKAGES[package]) + ".").startswith(release + "."), (
            "read what changed, then correct the release"
        )


RELIES_ON = {
    # Transactions of SQLite: where one starts and ends, and the cursor that writes placeholders.
    "django.db.backends.sqlite3.base.DatabaseWrapper._start_transaction_under_autocommit": "0658e3070624",
    "django.db.backends.sqlite3.base.DatabaseWrapper.create_cursor": "5c3e4a272c02",
    "django.db.backends.sqlite3.base.SQLiteCursorWrapper": "48f67df372be",
    "django.db.backends.sqlite3.operations.DatabaseOperations.convert_datetimefield_value": "6d0a7eb00db5",
    "django.db.backends.base.base.BaseDatabaseWrapper.commit": "674f1402c4ad",
    "django.db.backends.base.base.BaseDatabaseWrapper.rollback": "3c4117708ab6",
    "django.db.backends.base.base.BaseDatabaseWrapper.close": "2ab0a8724e94",
    # PostgreSQL: whether a kept connection is usable, and the names of its errors.
    "django.db.backends.postgresql.base.DatabaseWrapper.is_usable": "388a805d65b3",
    "django.db.utils.DatabaseErrorWrapper": "b69d3a1478fe",
    # The compiler.
    "django.db.models.sql.compiler.SQLCompiler.compile": "e102571e01ec",
    "django.db.models.sql.compiler.SQLCompiler.get_select": "e1ad4fce3baa",
    "django.db.models.sql.compiler.SQLCompiler.get_default_columns": "8de4ecdc8d48",
    "django.db.models.sql.compiler.SQLCompiler.get_converters": "5b222e61b5f2",
    "django.db.models.sql.compiler.SQLCompiler._order_by_pairs": "7de78d5b9b9f",
    "django.db.models.base.Model.from_db": "f4f10c6c8c9c",
    "django.db.models.base.ModelState": "f845a3055c1a",
    # Lookups that write out the values of conditions.
    "django.db.models.lookups.Exact": "35282fcf5fe6",
    "django.db.models.lookups.In": "27e2479997e2",
    # Migrations.
    "django.db.migrations.state.ProjectState.add_model": "d5ef22a0408c",
    "django.db.migrations.state.ProjectState.add_field": "13118a3cbe9e",
    "django.db.migrations.state.ProjectState._append_option": "063ec8f860b2",
    "django.db.migrations.state.ProjectState.reload_model": "9d1e6f031cdb",
    "django.db.migrations.state.StateApps": "2d7f6c5c2f4a",
    # Sessions, and functions that wait for a commit.
    "django.contrib.auth.base_user.AbstractBaseUser._get_session_auth_hash": "87de5837dae5",
    "django.contrib.auth.base_user.AbstractBaseUser.get_session_auth_fallback_hash": "2bf42e3bcbda",
    "django.db.backends.base.base.BaseDatabaseWrapper.on_commit": "86477e70c89b",
    # Calls to sellers.
    "aiohttp.client_proto.ResponseHandler.data_received": "f4892860cc4f",
    "aiohttp.client_proto.ResponseHandler.set_response_params": "e311a98daa46",
    "aiohttp.client_reqrep.ConnectionKey": "4b3c0f409e1c",
    # Sign-in.
    "allauth.account.internal.decorators.login_stage_required": "684c18d2e539",
    "allauth.account.internal.flows.login.record_authentication": "9eee584ec398",
    "allauth.account.internal.stagekit": "4a7f3d50a145",
    "allauth.account.stages.LoginStage": "52bc34d9d16e",
    "allauth.account.adapter.DefaultAccountAdapter._delete_login_attempts_cached_email": "044bddc7345a",
    # The kit's server.
    "waitress.channel.HTTPChannel.writable": "44ad6a4fb46f",
    "urllib3.connection.HTTPConnection._new_conn": "ef30aed76992",
    "urllib3.connection.HTTPSConnection.connect": "58dd68a0eb35",
    "requests.models.Response.content": "739562d4a1ae",
}
"""What the places override or call, with the first digits of a hash of its source."""


@pytest.mark.parametrize("name", RELIES_ON)
def test_overridden_code_did_not_change(name: str) -> None:
    found = _found(name)
    assert found is not None, f"{name} is gone"
    code: Any = found.fget if isinstance(found, property) else found
    source = inspect.getsource(code)
    digest = hashlib.sha256(textwrap.dedent(source).encode()).hexdigest()[:12]
    assert digest == RELIES_ON[name], (
        f"{name} changed: compare it with what we do in its place, then write {digest} here"
    )
