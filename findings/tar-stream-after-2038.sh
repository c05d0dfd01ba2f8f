#!/bin/sh
# npm tar-stream 3.2.2 (archiver and tar-fs write by it), entries with a time of 2038-01-19 03:14:08 and of 2100,
# and GNU tar 1.34.
# Seen: the time is cut to 32 bits. The first becomes 77777777777, the year 2242; the second a minus with an
# octal number, "-1336324400", which GNU tar takes for base 64 of its test versions of 1999 ("obsolescent
# base-64 headers", exit 0) and Python's tarfile for 1963. Both fit eleven octal digits as they are.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export TZ=UTC LC_ALL=C
npm install --silent --no-audit --no-fund --ignore-scripts tar-stream@3.2.2
cat >make.mjs <<'JS'
import tar from 'tar-stream'
import { createWriteStream } from 'node:fs'
const pack = tar.pack()
pack.pipe(createWriteStream('made.tar'))
pack.entry({ name: 'second', mtime: new Date('2038-01-19T03:14:08Z') }, 'x')
pack.entry({ name: 'later', mtime: new Date('2100-01-01T00:00:00Z') }, 'x')
pack.finalize()
JS
node make.mjs
test "$(dd if=made.tar bs=1 skip=136 count=11 2>dd.log)" = 77777777777
test "$(dd if=made.tar bs=1 skip=1160 count=11 2>dd.log)" = -1336324400
tar -tvf made.tar >listed 2>said
grep ' 2242-03-16 ' listed
grep 'obsolescent base-64 headers' said
python3 - <<'PY'
import tarfile
assert [one.mtime for one in tarfile.open("made.tar")] == [8589934591, -192522496]
PY
echo "2038 became 2242, and 2100 a minus that each reader takes otherwise"
