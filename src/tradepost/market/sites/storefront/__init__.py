"""Where buyers find, buy and use products."""
