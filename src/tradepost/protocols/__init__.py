"""Wire formats of both ends: bytes to typed values and back, without I/O. Uses only the standard library and
``cryptography``."""
