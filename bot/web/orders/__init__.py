"""What happens to the orders of the page, and how it is shown."""
