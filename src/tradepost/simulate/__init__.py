"""A whole market in one process on a virtual clock: kit sellers, buyers, operators and a worker, driven by a seed and
checked by rules after every step (operations §6)."""
