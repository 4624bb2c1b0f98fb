"""Orders that take several steps: extensions, stories, and pictures from words, then animated."""
