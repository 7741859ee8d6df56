"""A carrier that speaks Twilio's Calls API over real HTTP, as a process of its own, and places no calls."""
