"""Operations: the server's processes, logs, metrics and health checks."""
