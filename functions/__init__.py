"""Lambda doors: thin functions between AWS events and the capabilities."""
