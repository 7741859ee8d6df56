"""The carrier of all that is measured: Twilio's Calls API with calls of one exact length, as lean as it can be."""
