"""The connections to the gateway, and what goes over them."""
