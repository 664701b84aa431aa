"""The compilers of this database; Django looks here by the name of each."""

from __future__ import annotations

from django.db.backends.postgresql import compiler
from django.db.backends.postgresql.compiler import (
    SQLAggregateCompiler,
    SQLDeleteCompiler,
    SQLInsertCompiler,
    SQLUpdateCompiler,
)

from tradepost.market.base.remembering_compiler import Remembering

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]


class SQLCompiler(Remembering, compiler.SQLCompiler):  # type: ignore[misc]  # the stubs give one method no result
    pass
