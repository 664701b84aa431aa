"""What every context stands on: time, money, ids, refusals, lifecycles, due work, the outbox, sealed secrets."""
