"""Foundations of all contexts: time, money, ids, refusals, lifecycles, due work, the outbox, sealed secrets."""
