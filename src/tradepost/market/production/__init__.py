"""The one door to sellers: addresses, calls and their attempts, the gateway, the engine that works through them."""
