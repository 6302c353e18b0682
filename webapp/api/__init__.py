"""The HTTP interface: routes, what they take and answer, and its OpenAPI document."""
