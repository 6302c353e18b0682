"""Ink: strokes and connected components, and the strips and glyphs drawn from them."""
