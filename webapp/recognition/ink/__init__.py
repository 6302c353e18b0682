"""Ink: strokes, connected components, and the strips and glyphs made from them."""
