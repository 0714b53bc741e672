"""Which core holds which part of a network, and the ways between them."""
