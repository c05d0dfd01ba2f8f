"""What kubectl is told, and what it answers.

Duty: which kubectl is used, its command lines and environment, what its words mean, the target
as the user names it and the pod as the cluster describes it. Starts nothing itself.
May import: archive, and the ground. Start reading at kubectl.py.
"""
