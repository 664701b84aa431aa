"""For a seller's own tests: a running server in the test process."""

from __future__ import annotations

from .serve import running

__all__ = ["running"]
