#!/bin/sh
# borg 1.2.4 (Debian 12's borgbackup 1.2.4-1, with msgpack 1.0.3 and packaging 26.4), `borg create` of two names of one
# file given one by one, and of files of 1960 and 2100.
# Seen: the second name is left out, exit 0 and nothing said; of a directory that has both, both are there. The times
# become 1970-01-01 00:00:00 and 2038-01-17 03:14:07, exit 0 and nothing said, and `borg export-tar` hands them on.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download -qq borgbackup=1.2.4-1 libxxhash0 liblz4-1 libzstd1 2>apt.log || { cat apt.log; exit 1; }
for deb in ./*.deb; do dpkg-deb -x "$deb" deb; done
LD_LIBRARY_PATH=$(echo "$dir"/deb/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
python3.11 -m pip install --quiet --root-user-action ignore --target py msgpack==1.0.3 packaging==26.4
export PYTHONPATH="$dir/py:$dir/deb/usr/lib/python3/dist-packages" PYTHONDONTWRITEBYTECODE=1 TZ=UTC
export BORG_BASE_DIR="$dir/base" BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
borg() { timeout 60 python3.11 "$dir/deb/usr/bin/borg" "$@"; }
borg init -e none repository 2>borg.log || { cat borg.log; exit 1; }
mkdir tree
echo content >tree/one
ln tree/one tree/two
touch tree/old tree/new
touch -d 1960-06-29 tree/old
touch -d 2100-06-29 tree/new
(cd tree && borg create ../repository::named one two old new) >borg.log 2>&1
borg create repository::whole tree >>borg.log 2>&1
grep -vi 'pure-python msgpack' borg.log && exit 1
borg export-tar repository::named named.tar 2>borg.log
borg export-tar repository::whole whole.tar 2>borg.log
tar --full-time -tvf named.tar | tee named.txt
test "$(tar -tf named.tar | tr '\n' ' ')" = 'one old new '
tar -tf whole.tar | grep -qx tree/two
grep -q '1970-01-01 00:00:00 old$' named.txt
grep -q '2038-01-17 03:14:07 new$' named.txt
