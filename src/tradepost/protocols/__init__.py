"""The wire, both ends: bytes in, typed values out. Standard library and ``cryptography``; no input or output."""
