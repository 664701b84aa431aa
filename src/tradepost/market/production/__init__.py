"""The one door to sellers' production interfaces (生产接口, the protocol's word, hence the name): addresses, calls and their
attempts, the gateway, the engine that works through them."""
