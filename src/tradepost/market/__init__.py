"""The marketplace: one Django app a context, imports downward only (see ARCHITECTURE.md)."""
