#!/bin/sh
# restic 0.14.0 (Debian 12's 0.14.0-1+b5), `restic dump SNAPSHOT DIRECTORY`, which writes a tar.
# Seen: two names of one file come as two files with a copy of the content each; a time of 6.789 seconds comes as 7, later
# than the file was (`restic restore` would give it back to the nanosecond); a FIFO is an empty file when its directory is
# dumped by its name, and is left out, without a word, when / is dumped. restic itself knows all three (`restic ls -l`).
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq restic=0.14.0-1+b5 2>apt.log || { cat apt.log; exit 1; }
dpkg-deb -x restic_*.deb deb
restic=$PWD/deb/usr/bin/restic
export RESTIC_PASSWORD=x RESTIC_REPOSITORY="$PWD/repository" RESTIC_CACHE_DIR="$PWD/cache" TZ=UTC
mkdir d
echo hello >d/a
touch -d '2001-02-03 04:05:06.789' d/a
ln d/a d/b
mkfifo d/p
"$restic" init -q
"$restic" backup -q d
"$restic" ls -l latest | grep '^p.* /d/p$'
"$restic" dump latest / >root.tar
"$restic" dump latest /d >directory.tar

tar -tvf root.tar --full-time
tar -tvf directory.tar --full-time
test "$(tar -tvf root.tar | grep -c '^-.* 6 .* d/[ab]$')" = 2
test "$(tar -tvf root.tar --full-time | grep -c '04:05:07 d/[ab]$')" = 2
test "$(tar -tf root.tar | grep -c d/p)" = 0
tar -tvf directory.tar | grep '^-.* 0 .* d/p$'
echo "hard links are copies, times are rounded up, a FIFO is an empty file or nothing"
