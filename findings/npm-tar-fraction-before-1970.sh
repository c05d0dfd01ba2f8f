#!/bin/sh
# npm tar 7.5.23, create() of a directory with one file of half a second before 1970.
# Seen: "cannot encode number outside of javascript safe integer range"; what has been written until then stays
# under the archive's name, without an end. Whole seconds before 1970 are written, and so are fractions after it.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts tar@7.5.23
mkdir data
touch -d 1969-12-31T23:59:59.5Z data/odd
cat >make.mjs <<'JS'
import { create } from 'tar'
await create({ file: 'made.tar', cwd: 'data' }, ['.'])
JS
if node make.mjs 2>said; then
    echo "it succeeds now"
    exit 1
fi
grep -o 'cannot encode number outside of javascript safe integer range' said | head -n 1
for time in 1969-12-31T23:59:59Z 1970-01-01T00:00:00.5Z; do
    touch -d $time data/odd
    node make.mjs
    tar -tf made.tar >listed
done
echo "one file's time, and there is no backup"
