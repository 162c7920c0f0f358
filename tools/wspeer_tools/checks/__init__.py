"""The parts of `make check` that no other tool does."""
