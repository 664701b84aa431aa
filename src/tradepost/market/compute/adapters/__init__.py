"""Clouds that start servers: a package each."""
