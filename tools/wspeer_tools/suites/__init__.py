"""The test suites that run programs. Each prints `N passed, N failed` as its last line."""
