"""Benchmarks: one program per question, compared with a rival and a limit in the same run. ``python -m bench`` runs
them."""
