"""Builds the documentation as a site: the documents of the repository, a Godot class reference and a C reference."""
