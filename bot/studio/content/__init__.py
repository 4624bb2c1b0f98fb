"""What may be ordered and shown where: words of prompts, and what pictures show."""
