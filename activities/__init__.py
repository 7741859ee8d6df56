"""What workflows ask the world to do: thin, and safe to run twice."""
