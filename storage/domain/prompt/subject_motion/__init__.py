"""Whether a prompt asks that something in the picture moves by itself, in English or Chinese."""
