"""The fault campaign: everything that can break in a restore, drawn by chance, on both clusters."""
