"""Builds what users get: the addon, the installed C library and the release."""
