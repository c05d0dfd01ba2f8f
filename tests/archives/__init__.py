"""Archives that other programs write, read as GNU tar reads them."""
