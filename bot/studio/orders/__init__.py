"""Orders before they are jobs: admitted, begun, drafted, and answered by clips that exist."""
