"""Docstrings for editors and ``help``: each public command class describes its fields and names its section."""

from __future__ import annotations

import dataclasses
import inspect
import re
from enum import Enum
from typing import Any

import pytest

import tradepost.kit
from tradepost.protocols import commands

SECTION = re.compile(r"§[A-Z]?\.?\d")


def public_classes() -> list[type]:
    """Return the classes of the commands' module, and the values that the kit returns."""
    exported = [getattr(tradepost.kit, name) for name in tradepost.kit.__all__]
    found = [value for name, value in vars(commands).items() if inspect.isclass(value) and not name.startswith("_")]
    own = [kind for kind in (*found, *exported) if inspect.isclass(kind) and kind.__module__.startswith("tradepost.")]
    return [kind for kind in dict.fromkeys(own) if dataclasses.is_dataclass(kind) or issubclass(kind, Enum)]


def parts(kind: Any) -> list[str]:
    if issubclass(kind, Enum):
        return [member.name for member in kind]
    return [field.name for field in dataclasses.fields(kind)]


@pytest.mark.parametrize("kind", public_classes(), ids=lambda kind: kind.__name__)
def test_docstring_names_its_section_and_each_field(kind):
    said = kind.__doc__ or ""
    assert SECTION.search(said), f"{kind.__name__}: no section of the specification"
    if kind is commands.Fault:
        return  # each member has its comment, and its message for sellers in production/reasons.py
    missing = [name for name in parts(kind) if f"``{name}``" not in said]
    assert not missing, f"{kind.__name__} does not say what {', '.join(missing)} is"


def test_every_class_is_checked():
    names = {kind.__name__ for kind in public_classes()}
    assert {"Create", "GetLicenseAsync", "SyncTenant", "AppInfo", "Instance", "Created", "Scene"} <= names
