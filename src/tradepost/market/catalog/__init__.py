"""What is for sale: categories, products, specs, SKUs, offers."""
