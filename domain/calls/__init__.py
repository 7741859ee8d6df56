"""One call: its order, what the carrier reports, what that comes to, and what follows."""
