"""Balances and an append-only double-entry ledger."""
