"""The program with kubectls old and new, over WebSocket and over SPDY, on the real node."""
