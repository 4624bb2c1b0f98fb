"""What a clip needs of the device's memory, and what is given up when it runs out."""
