"""What the demo shows of joint operation, read from its data file: a product, its application, and an enterprise whose people use it."""

from __future__ import annotations

from functools import cache

from .data_files import Data, read
from .people import Login
from .shapes import DemoProduct

FILE = "joint.toml"


class DemoApplication(Data, frozen=True, kw_only=True):
    """``asked_fields``: personal fields that the seller asks for, by their names on the wire."""

    name: str
    asked_fields: tuple[str, ...]


class DemoDepartment(Data, frozen=True, kw_only=True):
    code: str
    name: str
    parent: str = ""
    """Code of the one above; empty: the one that an enterprise begins with."""


class DemoTable(Data, frozen=True, kw_only=True):
    name: str
    content: str


class DemoEnterprise(Data, frozen=True, kw_only=True):
    """``released``: personal fields that the seller may have; ``in_group``: who is in the group, which is authorised; ``signs_in``: the
    member whose password is known."""

    code: str
    name: str
    founder_account: str
    released: tuple[str, ...]
    group: str
    in_group: tuple[str, ...]
    signs_in: str
    department: tuple[DemoDepartment, ...]
    table: DemoTable


class JointFile(Data, frozen=True, kw_only=True):
    product: DemoProduct
    application: DemoApplication
    enterprise: DemoEnterprise


@cache
def joint() -> JointFile:
    """Raises ``BadData``."""
    return read(FILE, JointFile)


MEMBER = Login(role="member", email="zhao.min", password="member-sandbox")  # noqa: S106
"""Signs in at the enterprise, by its account name there."""
ENTERPRISE = "lantian"
"""Its code, by which people find their auth centre."""
