"""The compilers of this database; Django looks here by the name of each.

Written against Django 6.1.
"""

from __future__ import annotations

from django.db.models.sql import compiler
from django.db.models.sql.compiler import SQLAggregateCompiler, SQLDeleteCompiler, SQLInsertCompiler, SQLUpdateCompiler

from tradepost.market.base.django_internals.remembering_compiler import RememberingCompiler

__all__ = ["SQLAggregateCompiler", "SQLCompiler", "SQLDeleteCompiler", "SQLInsertCompiler", "SQLUpdateCompiler"]


class SQLCompiler(RememberingCompiler, compiler.SQLCompiler):  # type: ignore[misc]  # the stubs give one method no result
    pass
