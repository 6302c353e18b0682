"""Access control: bodies, hosts, origins, rates, and each request's turn and budget."""
