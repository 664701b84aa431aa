"""Kinds of operations: each module with a ``KIND``, without other registration."""
