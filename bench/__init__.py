"""Benchmarks: one program a question, each against a rival and a limit in the same run. ``python -m bench`` runs them."""
