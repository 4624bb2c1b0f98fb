"""The styles that a person may order with."""
