"""Webhook deliveries: what is due is sent, signed, to an address that was judged."""
