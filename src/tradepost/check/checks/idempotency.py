RESTART="idempotency.restart"
