"""Fetches or builds what a command needs and the machine lacks, into the build folder. Nothing is fetched twice."""
