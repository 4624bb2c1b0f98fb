"""What people and servers used: /quota and /report, with their pictures and files."""
