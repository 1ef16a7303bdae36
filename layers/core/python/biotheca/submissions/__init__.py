"""Submissions: what a person hands in, its states, its metadata, its history."""
