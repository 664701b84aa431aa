"""Money that is held and moved: balances and an append-only double-entry ledger."""
