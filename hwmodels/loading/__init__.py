"""From YAML files to an accelerator, every value with its origin."""
