"""What is kept of persons, for how long, and how it goes."""
