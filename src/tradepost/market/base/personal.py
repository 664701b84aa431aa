"""Declarations of personal data: what a context exports in a copy of a person's data, and erases with the account.

Each context declares its own in ``personal.py``. An erasure keeps the ledger, invoices, accepted agreements and the
audit log (opening.md §5). All other data about the person is deleted or cleared. Rows that others need, such as
orders, stay without the text that the person entered. A copy contains what a person may know about themselves
(decision 0111): no secrets, nothing about other people, no internal notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db.models import Model, Q
from django.utils.functional import Promise
from msgspec import Struct, field

from .files import Files


class Person(Struct, frozen=True, kw_only=True):
    """The person whose data is copied or erased, as stored in the account."""

    pk: int
    customer_id: str
    email: str
    name: str
    company: str
    phone: str
    certified_name: str = ""
    user_names: tuple[str, ...] = ()
    """Other names under which pages show the person, for example in an enterprise or on an invoice."""
    addresses: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    """Telephone numbers of invoice receivers."""

    @property
    def names(self) -> set[str]:
        return {self.name, self.certified_name, *self.user_names} - {""}

    @property
    def texts(self) -> set[str]:
        """The texts to search for in files."""
        return {*self.names, self.email, self.phone, *self.phones, *self.addresses} - {""}

    @property
    def pseudonym(self) -> str:
        """The replacement for the name."""
        return f"deleted-{self.customer_id}"


class Hold(Struct, frozen=True, kw_only=True):
    """A reason why the account cannot be erased yet. ``code``: of its message in ``personal_data.holds``."""

    code: str
    number: int = 1


class Emptied(Struct, frozen=True, kw_only=True):
    """Columns of a person's rows that are set to these values. ``whose``: the lookup that leads to the account."""

    model: type[Model]
    whose: str
    columns: Mapping[str, Any]


class Deleted(Struct, frozen=True, kw_only=True):
    """Rows of a person that are deleted. ``by``: the attribute of ``Person`` with which ``whose`` is compared."""

    model: type[Model]
    whose: str
    by: str = "pk"


class StoredFiles(Struct, frozen=True, kw_only=True):
    """Location of the files of exported rows. ``folder``: relative to the files folder; ``sha256``, ``name``: columns
    of the rows."""

    folder: Callable[[Path], Files]
    sha256: str = "sha256"
    name: str = "name"


class Exported(Struct, frozen=True, kw_only=True):
    """A table with rows of a person, for a copy of their data.

    ``name``: of the file. ``title``: for the reader. ``whose``: the lookup that leads to the account, compared with
    ``by``, an attribute of ``Person``. A lookup through other tables runs one query per table, so that each has an
    index.

    ``also``: further lookups and their values. ``when``: the time by which the index sorts, if not the key.
    ``columns``: paths for ``values()``, separated by spaces; ``minor`` and paths that end with ``_minor`` are amounts
    in the currency at the path ``currency``. ``made``: columns computed from the values at the paths ``needs``.
    ``labels``: by path, the labels of codes whose column has no choices."""

    name: str
    title: Promise
    model: type[Model]
    whose: str
    columns: str
    by: str = "pk"
    also: Mapping[str, str] = field(default_factory=dict)
    when: str = ""
    only: Q = Q()
    currency: str = "currency"
    made: Mapping[str, Callable[[Mapping[str, Any]], Any]] = field(default_factory=dict)
    needs: Sequence[str] = ()
    labels: Mapping[str, Mapping[str, Promise]] = field(default_factory=dict)
    files: StoredFiles | None = None


def _no_holds(_user: int) -> Iterator[Hold]:
    yield from ()


def _no_files(_person: Person, _files: Path) -> None:
    """No files to erase."""


def _no_names(_person: Person) -> None:
    """No names to replace: the context stores only accounts."""


class Personal(Struct, frozen=True, kw_only=True):
    """The declaration of a context. All of it must be repeatable: an interrupted erasure starts again.

    ``first``: runs before rows are deleted, to erase files. It opens its own transactions, and none while it reads a
    file: on SQLite that would block all writers. ``last``: replaces the names from which ``Person.user_names`` is
    read. It runs at the end, because a repeated erasure still needs them. ``kept``: models that stay unchanged, with
    the reason. ``exported``: the tables of a copy."""

    holds: Callable[[int], Iterator[Hold]] = _no_holds
    first: Callable[[Person, Path], None] = _no_files
    last: Callable[[Person], None] = _no_names
    deleted: Sequence[Deleted] = ()
    emptied: Sequence[Emptied] = ()
    kept: Mapping[str, str] = field(default_factory=dict)
    exported: Sequence[Exported] = ()
