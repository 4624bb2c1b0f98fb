"""What is read and changed of the table of jobs, by noun."""
