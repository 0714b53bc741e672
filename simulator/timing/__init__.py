"""When it is done."""
