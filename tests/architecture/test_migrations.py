"""Issue 8, 6: ``0001_initial`` was edited after it had run somewhere, and there the upgrade reported success without it.

A migration that landed is frozen: ``migrations.sha256`` holds what each file is. **To add one**, write a new file with the
next number and then put its line, which the failure below prints, into ``migrations.sha256``. To change what an earlier one
did, add another that changes it. Lines are never edited.
"""

from __future__ import annotations

import hashlib

from tests.architecture.source import ROOT

LANDED = ROOT / "tests/architecture/migrations.sha256"
MARKET = ROOT / "src/tradepost/market"


def landed() -> dict[str, str]:
    lines = LANDED.read_text(encoding="utf-8").splitlines()
    return {name: hashed for hashed, name in (line.split() for line in lines)}


def there() -> dict[str, str]:
    """Without what a checkout on another system does to the ends of lines."""
    return {
        path.relative_to(MARKET).as_posix(): hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        for path in MARKET.glob("*/migrations/[0-9]*.py")
    }


def test_no_migration_that_landed_was_edited_or_removed() -> None:
    now = there()
    edited = sorted(name for name, hashed in landed().items() if now.get(name) != hashed)
    assert edited == [], "put these files back as they were, and write a new migration for what is to change"


def test_a_new_migration_is_frozen_with_the_change_that_brings_it() -> None:
    new = {name: hashed for name, hashed in there().items() if name not in landed()}
    lines = "\n".join(f"{hashed}  {name}" for name, hashed in sorted(new.items()))
    assert not new, f"add to {LANDED.relative_to(ROOT)}:\n{lines}"
