"""The I2VGen-XL family: the embedded checkpoint, the full one, and others of these classes."""
