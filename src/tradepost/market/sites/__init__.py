"""The three sites; they do not know each other."""
