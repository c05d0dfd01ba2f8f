"""What people do wrong, made on purpose: what they are told, and what the pod holds afterwards."""
