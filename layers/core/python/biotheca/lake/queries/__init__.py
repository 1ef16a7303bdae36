"""Queries of signed-in people over the public lake: asked by the API, answered by a worker, kept for some days."""
