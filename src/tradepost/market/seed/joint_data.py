"""The demo's data for joint operation: a product, its application, and an enterprise that uses it."""

from __future__ import annotations

from functools import cache

from .data_files import DataTable, read
from .people import Login
from .shapes import DemoProduct

FILE = "joint.toml"


class DemoApplication(DataTable, frozen=True, kw_only=True):
    """The application. ``asked_fields``: requested personal fields by their names on the wire."""

    name: str
    asked_fields: tuple[str, ...]


class DemoDepartment(DataTable, frozen=True, kw_only=True):
    code: str
    name: str
    parent: str = ""
    """Code of the department above; empty for the root department."""


class DemoTable(DataTable, frozen=True, kw_only=True):
    name: str
    content: str


class DemoEnterprise(DataTable, frozen=True, kw_only=True):
    """The enterprise.

    ``released``: personal fields given to the seller; ``in_group``: members of the authorised group; ``signs_in``: the
    member with a public password.
    """

    code: str
    name: str
    founder_account: str
    released: tuple[str, ...]
    group: str
    in_group: tuple[str, ...]
    signs_in: str
    department: tuple[DemoDepartment, ...]
    table: DemoTable


class JointFile(DataTable, frozen=True, kw_only=True):
    product: DemoProduct
    application: DemoApplication
    enterprise: DemoEnterprise


@cache
def joint() -> JointFile:
    """Read the data file. Raises ``InvalidData``."""
    return read(FILE, JointFile)


MEMBER_LOGIN = Login(role="member", email="zhao.min", password="member-sandbox")  # noqa: S106
"""A login at the enterprise, by its account name there."""
ENTERPRISE = "lantian"
"""The enterprise's code, by which members find its auth centre."""
