"""The site's pages, in several languages."""
