"""Compiles all translations without msgfmt, which may be missing; a market reads the resulting .mo files."""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    failed = False
    for source in sorted(ROOT.glob("src/**/locale/*/LC_MESSAGES/*.po")):
        try:
            with source.open("rb") as handle:
                catalog = read_po(handle, abort_invalid=True)
        except PoFileError as error:
            sys.stderr.write(f"{source.relative_to(ROOT)}: {error}\n")
            failed = True
            continue
        with source.with_suffix(".mo").open("wb") as handle:
            write_mo(handle, catalog)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
