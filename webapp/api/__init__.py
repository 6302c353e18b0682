"""HTTP API: routes, requests, answers, and the OpenAPI document."""
