"""What a graphics card costs, when to start and stop workers, and what each clip cost."""
