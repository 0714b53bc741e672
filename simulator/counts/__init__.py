"""What the messages of a frame make a chip do."""
