"""What an accelerator file may say: its fields, their units and checks."""
