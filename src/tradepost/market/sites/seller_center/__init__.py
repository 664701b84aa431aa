"""Where sellers see their orders, addresses, keys and interface messages."""
