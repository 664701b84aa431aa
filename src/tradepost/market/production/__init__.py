"""Calls to sellers' production interfaces (生产接口, a term of the protocol): addresses, calls with their attempts, the
gateway and the engine."""
