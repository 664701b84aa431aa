LONG: frozenset[str] = frozenset()
