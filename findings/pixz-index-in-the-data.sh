#!/bin/sh
# pixz 1.0.7 (Debian 1.0.7-2) packing a tar, and xz unpacking it.
# Seen: what xz -dc gives is longer than the tar: pixz keeps its list of members as a last block of the
# compressed data, so it comes out behind the end of the tar. A checksum of the unpacked tar does not
# agree, and pixz -d gives the tar as it was.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq pixz=1.0.7-2 libarchive13=3.6.2-1+deb12u5 2>apt.log || { cat apt.log; exit 1; }
for each in *.deb; do dpkg-deb -x "$each" deb; done
LD_LIBRARY_PATH=$(echo deb/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
mkdir data
seq 1000 >data/a
tar -cf data.tar data
deb/usr/bin/pixz data.tar data.tpxz
xz -dc data.tpxz >by-xz
deb/usr/bin/pixz -d data.tpxz by-pixz
cmp data.tar by-pixz
size=$(wc -c <data.tar)
test "$(wc -c <by-xz)" -gt "$size"
head -c "$size" by-xz | cmp - data.tar
echo "xz: $(($(wc -c <by-xz) - size)) bytes behind the end of the tar"
