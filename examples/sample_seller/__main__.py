"""Lets the folder itself be run: ``python examples/sample_seller``."""

from __future__ import annotations

from seller import main

main()
