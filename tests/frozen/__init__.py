"""The program that users install, as they get it: frozen, out of its archive."""
