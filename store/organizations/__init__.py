"""Who is who: organizations, their keys, agents and phone numbers."""
