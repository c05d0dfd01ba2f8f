"""What only a real node can show."""
