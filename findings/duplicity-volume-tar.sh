#!/bin/sh
# duplicity 2.2.3 (PyPI, with fasteners 0.19), the volumes of a full backup, *.difftar.gz.
# Seen: each is an ordinary tar, which every tar unpacks without a word, and is not the backup: all paths have `snapshot/` or
# `multivol_snapshot/` before them, a file of more than 64 KiB is a directory with a file for each 64 KiB of it, and two
# names of one file are two files.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv env
env/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duplicity==2.2.3 fasteners==0.19
mkdir data
echo hello >data/a
ln data/a data/b
head -c 200000 /dev/zero >data/large
env/bin/duplicity full --no-encryption --archive-dir="$dir/cache" data "file://$dir/backup" >duplicity.log 2>&1 ||
  { cat duplicity.log; exit 1; }

set -- backup/*.vol1.difftar.gz
tar -tvzf "$1" 2>tar.log
test ! -s tar.log
test "$(tar -tzf "$1" | grep -cv -e '^snapshot/' -e '^multivol_snapshot/')" = 0
test "$(tar -tzf "$1" | grep -c '^multivol_snapshot/large/[1-4]$')" = 4
test "$(tar -tvzf "$1" | grep -c '^-.* 6 .* snapshot/[ab]$')" = 2
echo "a volume is a tar, and not the files"
