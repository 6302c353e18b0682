"""Pictures: from the bytes of a file to ink and lines of writing."""
