"""A whole market in one process, on a clock of its own: kit sellers, buyers, operators and a worker, driven by a seed and held to
what must be true after whatever happens (operations §6)."""
