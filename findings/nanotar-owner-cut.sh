#!/bin/sh
# npm nanotar 0.3.0, a file of uid 16777216 (as user namespaces and directory services give them).
# Seen: its octal number has nine digits, the field eight; the last digit is left out without an error, and the
# file is uid 2097152's.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts nanotar@0.3.0
cat >make.mjs <<'JS'
import { createTar } from 'nanotar'
import { writeFileSync } from 'node:fs'
writeFileSync('made.tar', createTar([{ name: 'a', data: 'x', attrs: { uid: 16777216, gid: 1000 } }]))
JS
node make.mjs
tar --numeric-owner -tvf made.tar | tee listed
grep -q ' 2097152/1000 ' listed
echo "uid 16777216 became 2097152"
