"""Debug calls and the cases that are saved of them (saas-v2 §5)."""
