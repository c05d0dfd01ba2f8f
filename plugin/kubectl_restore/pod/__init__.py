"""The pod's side: who it is, what it can do, what stands there, and the script that runs in it."""
