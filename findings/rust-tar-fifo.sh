#!/bin/sh
# fastar 0.12.0 (PyPI) and @napi-rs/tar 1.1.3 (npm), both made on the Rust crate tar, and a pax archive of GNU tar's with
# a FIFO and a file of 1960.
# Seen: both unpack the FIFO as an empty file and give the file of 1960 the time 1970-01-01 00:00:01, without an error.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py fastar==0.12.0
npm install --silent --no-fund --no-audit @napi-rs/tar@1.1.3 >npm.log 2>&1 || { cat npm.log; exit 1; }
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1 TZ=UTC
mkdir tree by-fastar by-napi by-tar
mkfifo tree/fifo
echo content >tree/old
touch -d 1960-06-29 tree/old
tar --format=posix -C tree -cf pax.tar fifo old
tar -C by-tar -xf pax.tar
test -p by-tar/fifo
test "$(stat -c %Y by-tar/old)" = -300067200
timeout 60 python3 -c '
import fastar
with fastar.open("pax.tar", "r") as archive:
    archive.unpack("by-fastar")
'
timeout 60 node -e 'new (require("@napi-rs/tar").Archive)("pax.tar").unpack("by-napi")'
for each in by-fastar by-napi; do
  stat -c '%n: %F, %y' "$each/fifo" "$each/old"
  test -f "$each/fifo"
  test ! -s "$each/fifo"
  test "$(stat -c %Y "$each/old")" = 1
  test "$(cat "$each/old")" = content
done
