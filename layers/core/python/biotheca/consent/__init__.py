"""A person's consent is withdrawn: everything of theirs goes, and a report proves it."""
