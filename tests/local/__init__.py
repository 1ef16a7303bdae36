"""The laptop cloud, part by part."""
