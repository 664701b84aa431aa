"""From a paid order to a working service: plan the steps, follow the calls, then complete the order or give it up."""
