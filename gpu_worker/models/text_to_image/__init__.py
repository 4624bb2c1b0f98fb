"""Pictures from prompts, by any text-to-image pipeline of diffusers that the operator names."""
