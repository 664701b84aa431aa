"""Makes the folder runnable: ``python examples/sample_seller``."""

from __future__ import annotations

from seller import main

main()
