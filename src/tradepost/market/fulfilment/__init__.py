"""From a paid order to a subscription that works: plan the steps, follow the calls, complete or give up."""
