"""Commands of Django that this project overrides."""
