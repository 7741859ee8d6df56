"""What one would use in Outdial's place, each as its own documentation shows it, on the same carrier and PostgreSQL."""
