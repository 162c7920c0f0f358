"""The project's tool: builds, packages, checks and runs the test suites. `make` calls it."""
