"""Privacy: how well a table of people hides each of them. Counts only; no value of a row leaves this room."""
