"""Pages whose commands are run: what they show was said, and the tests compare it."""
