#!/bin/sh
# private.sh FOLDER PROGRAM [ARGUMENT...]: run a program that sees directories of this node's own
# where containerd and the kubelet insist on a path. To be started in a new mount namespace.
set -eu
folder=$1
shift
for place in var/lib/kubelet var/log/containers run/containerd; do
  mkdir -p "/$place" "$folder/$place"
  mount --bind "$folder/$place" "/$place"
done
exec "$@"
