"""What a profile and an item ask of a step, as controls: one family a file, beside the guards of the same name in `controls`."""
