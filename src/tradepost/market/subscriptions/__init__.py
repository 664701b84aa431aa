"""Services that buyers hold after an order: the instance at the seller, its status and its access data."""
