"""Issue 8, 6: ``0001_initial`` was edited after it had run somewhere, and there the upgrade reported success without
it.

A merged migration is frozen: ``migrations.sha256`` has the hash of each file. **To add one**, write a new file with the
next number and add its line, which the failure below prints, to ``migrations.sha256``. To change an earlier one, add a
migration that changes its result. Lines are never edited.
"""

from __future__ import annotations

import hashlib

from tests.architecture.source import ROOT

LANDED = ROOT / "tests/architecture/migrations.sha256"
MARKET = ROOT / "src/tradepost/market"


def landed() -> dict[str, str]:
    lines = LANDED.read_text(encoding="utf-8").splitlines()
    return {name: hashed for hashed, name in (line.split() for line in lines)}


def current() -> dict[str, str]:
    """Return the current hashes, with the line endings of another system normalised."""
    return {
        path.relative_to(MARKET).as_posix(): hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for path in MARKET.glob("*/migrations/**/[0-9]*.py")
    }


def test_merged_migrations_are_unchanged() -> None:
    now = current()
    edited = sorted(name for name, hashed in landed().items() if now.get(name) != hashed)
    assert edited == [], "put these files back as they were, and write a new migration for what is to change"


def test_new_migration_is_frozen_with_its_change() -> None:
    new = {name: hashed for name, hashed in current().items() if name not in landed()}
    lines = "\n".join(f"{hashed}  {name}" for name, hashed in sorted(new.items()))
    assert not new, f"add to {LANDED.relative_to(ROOT)}:\n{lines}"
