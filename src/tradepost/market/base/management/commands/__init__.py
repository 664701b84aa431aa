"""Django finds these commands by module name."""
