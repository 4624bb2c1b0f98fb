"""What Discord refuses, and with which error; pure functions over JSON."""
