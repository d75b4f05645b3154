"""Address spaces as plain values, and the readers that make them."""
