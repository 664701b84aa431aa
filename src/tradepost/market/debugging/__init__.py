"""Test calls to sellers' interfaces, and the cases saved from them (saas-v2 §5)."""
