"""The paper's saving on whole systems."""
