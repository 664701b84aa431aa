"""Where operators run the market."""
