LAST: frozenset[str] = frozenset()
