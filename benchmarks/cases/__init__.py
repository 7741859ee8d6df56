"""The measurements, each by itself."""
