#!/bin/sh
# A file with two names that is named twice to GNU tar 1.34 (npm tar 7.5.23 writes the same): the second
# time it is written as a hard link to itself.
# Seen: toybox 0.8.9 removes the file that it has just extracted and fails to link it to itself, so the
# file is gone (exit 1); GNU tar and busybox keep it, bsdtar 3.6.2 keeps it and exits 1.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq toybox=0.8.9+dfsg-1 2>apt.log || { cat apt.log; exit 1; }
dpkg-deb -x toybox_*.deb deb
echo precious >a
ln a b
tar -cf made.tar a b a
test "$(tar -tvf made.tar | grep -c 'a link to a$')" = 1
mkdir gnu toy
tar -xf made.tar -C gnu
test "$(cat gnu/a)" = precious
if deb/bin/toybox tar -xf made.tar -C toy; then echo "toybox succeeds now" >&2; exit 1; fi
test ! -e toy/a
test "$(cat toy/b)" = precious
echo "GNU tar: a and b; toybox: b alone"
