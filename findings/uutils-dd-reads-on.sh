#!/bin/sh
# uutils coreutils 0.0.17 (Debian 12's rust-coreutils 0.0.17-2), on a pipe.
# Seen: `dd bs=3 count=1 iflag=fullblock` copies three bytes and takes three more, which nobody gets (GNU's,
# busybox's: exactly three); its head -c 3 takes just three. cat and readlink fail for a name that is not UTF-8.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq rust-coreutils=0.0.17-2 2>apt.log || { cat apt.log; exit 1; }
dpkg-deb -x rust-coreutils_*.deb deb
rust=$dir/deb/usr/lib/cargo/bin/coreutils
left() { printf abcdef | { "$@" >/dev/null 2>&1; cat; }; }
dd=$(left "$rust/dd" bs=3 count=1 iflag=fullblock)
head=$(left "$rust/head" -c 3)
gnu=$(left dd bs=3 count=1 iflag=fullblock)
echo "left by dd: '$dd', by head: '$head', by GNU dd: '$gnu'"
test "$dd/$head/$gnu" = /def/def
name=$(printf 'latin-\351')
echo content >"$name"
ln -s "$name" "link-$name"
if "$rust/cat" "$name" 2>/dev/null | grep content; then exit 1; fi
if "$rust/readlink" "link-$name" >/dev/null 2>&1; then exit 1; fi
echo "cat and readlink do not find a name that is not UTF-8"
