"""Access control: bodies, hosts, origins, rates, and the queue and budget of each request."""
