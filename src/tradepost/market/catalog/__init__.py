"""Products for sale: categories, products, specs, SKUs, offers."""
