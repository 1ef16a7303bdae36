"""One construct a capability: its functions with their needs, the events it listens to, its jobs."""
