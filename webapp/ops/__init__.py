"""Operation: the server's processes, logs, metrics and health."""
