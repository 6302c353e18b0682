"""Support for tests and benchmarks: drawn digits, servers to start, hostile inputs, a browser."""
