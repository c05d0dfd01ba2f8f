"""What a restore promises, said once more and simply: trees, archives, policies."""
