"""Notices: what a person is told of their submissions and account, in the archive and by mail."""
