"""The client against a strict archive of our own."""
