"""Buyers' servers in an operator's cloud: the cloud contract, adapters, tasks and observed states (business-rules
§5)."""
