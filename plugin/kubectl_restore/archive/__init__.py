"""The backup's side: the file, its compression, its members, and what is unsafe in it."""
