"""What a person may know and have deleted of what is kept of them."""
