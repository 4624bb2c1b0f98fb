"""What runs Mutoscope somewhere: containers, charts, and one machine of your own."""
