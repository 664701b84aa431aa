"""Runs the sample seller, from a checkout or from an installed wheel: ``python -m tradepost.kit.sample --key … --data …``."""

from __future__ import annotations

import runpy
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def folder() -> Path:
    """Where the sample's files are: a wheel carries them beside the package. Raises ``FileNotFoundError``."""
    places = (PACKAGE / "_sample_seller", PACKAGE.parents[1] / "examples" / "sample_seller")
    for place in places:
        if (place / "seller.py").is_file():
            return place
    raise FileNotFoundError("the sample seller is neither in this installation nor in a checkout around it")


def main() -> None:
    # A folder is run like a program: it is put on the path, so that its files find each other.
    runpy.run_path(str(folder()), run_name="__main__")


if __name__ == "__main__":
    main()
