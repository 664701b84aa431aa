"""Servers of buyers, through an operator's cloud: its contract, adapters, tasks, and what was observed (business-rules §5)."""
