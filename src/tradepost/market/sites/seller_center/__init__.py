"""The seller center: products, orders, addresses, keys and interface messages of sellers."""
