"""Networks in integers, and how they are made from those in float."""
