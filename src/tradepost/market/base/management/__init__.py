"""Commands of Django that do otherwise here."""
