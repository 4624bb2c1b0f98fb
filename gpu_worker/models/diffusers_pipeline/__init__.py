"""Any image-to-video pipeline of diffusers, by a row of the catalogue."""
