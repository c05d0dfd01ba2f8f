#!/bin/sh
# GNU cpio 2.13 (Debian 2.13+dfsg-7.1), cpio -o -H ustar, and a file name of 130 bytes.
# Seen: "file name too long" on stderr, the file is left out, exit 0. pax -x ustar of Debian leaves it out too
# and exits 1.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq cpio=2.13+dfsg-7.1 2>apt.log || { cat apt.log; exit 1; }
dpkg-deb -x cpio_*.deb deb
mkdir data
echo kept >data/a
long=$(printf 'n%.0s' $(seq 130))
echo precious >"data/$long"
find data | sort | deb/bin/cpio -o -H ustar >made.tar 2>said
grep 'file name too long' said
test "$(tar -tf made.tar | wc -l)" = 2
echo "exit 0 without the file"
