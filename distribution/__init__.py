"""What users install, made from this tree: the frozen program's archive, the wheel, checksums."""
