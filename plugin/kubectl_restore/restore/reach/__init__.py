"""What is made to reach a target: a helper pod, or an ephemeral container.

Made only where somebody asked for it, or where no pod mounts a claim; waited for with the cluster's
own words; ended on every way out.
"""
