"""What a buyer holds after an order: an instance at the seller, its state, its access data."""
