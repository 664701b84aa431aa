"""Runs the sample seller, from a checkout or from an installed wheel: ``python -m tradepost.kit.sample --key … --data
…``."""

from __future__ import annotations

import runpy
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Return the folder of the sample; a wheel contains it beside the package. Raises ``FileNotFoundError``."""
    candidates = (PACKAGE / "_sample_seller", PACKAGE.parents[1] / "examples" / "sample_seller")
    for candidate in candidates:
        if (candidate / "seller.py").is_file():
            return candidate
    raise FileNotFoundError("the sample seller is neither in this installation nor in a checkout around it")


def main() -> None:
    # The folder runs like a program: it is added to the import path, so that its files can import each other.
    runpy.run_path(str(folder()), run_name="__main__")


if __name__ == "__main__":
    main()
