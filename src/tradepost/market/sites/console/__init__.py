"""The console, where operators run the market."""
