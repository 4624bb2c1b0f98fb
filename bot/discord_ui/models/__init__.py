"""The models that can be ordered, as people see and choose them."""
