"""Access to controlled data: committees, requests, decisions, grants, and the log of every link given."""
