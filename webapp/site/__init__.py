"""The pages that people see, in several languages."""
