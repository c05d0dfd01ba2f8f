#!/bin/sh
# mksquashfs 4.5.1 and sqfs2tar 1.2.0 (Debian 12's squashfs-tools 1:4.5.1-1, squashfs-tools-ng 1.2.0-1) and a
# file of 1960.
# Seen: exit 0 and nothing said; the image has 2096-08-05 for it, and so has the tar that is made of it: times
# there are 32 bits without a sign.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export TZ=UTC LC_ALL=C
apt-get download -qq squashfs-tools=1:4.5.1-1 squashfs-tools-ng=1.2.0-1 libsquashfs1=1.2.0-1 \
    liblzo2-2 2>apt.log || { cat apt.log; exit 1; }
for deb in ./*.deb; do dpkg-deb -x "$deb" deb; done
LD_LIBRARY_PATH=$(find "$PWD/deb/usr/lib" -name 'libsquashfs.so*' -printf '%h\n' | head -n 1)
LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(find "$PWD/deb" -name 'liblzo2.so*' -printf '%h\n' | head -n 1)
export LD_LIBRARY_PATH
mkdir data
touch -d @-300000000 data/old
deb/usr/bin/mksquashfs data image -quiet -no-progress >said 2>&1
test ! -s said
deb/usr/bin/sqfs2tar image >made.tar 2>said
tar -tvf made.tar | tee listed
grep -q ' 2096-08-05 ' listed
echo "1960 became 2096"
