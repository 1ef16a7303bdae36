"""The mirror's job."""
