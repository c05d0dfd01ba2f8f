#!/bin/sh
# npm tar 7.5.23, create() of "." in a directory with two hard links, the directory given as `cwd`.
# Seen: with a relative cwd both names are written as whole files; with the absolute path of the very
# same directory the second is a hard link. So the same backup doubles in size by how cwd is spelt.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts tar@7.5.23
mkdir data
echo precious >data/a
ln data/a data/b
cat >make.mjs <<'JS'
import { create } from 'tar'
import { resolve } from 'node:path'
await create({ file: 'relative.tar', cwd: 'data' }, ['.'])
await create({ file: 'absolute.tar', cwd: resolve('data') }, ['.'])
JS
node make.mjs
test "$(tar -tvf relative.tar | grep -c '^h')" = 0
test "$(grep -ac precious relative.tar)" = 2
test "$(tar -tvf absolute.tar | grep -c '^h')" = 1
test "$(grep -ac precious absolute.tar)" = 1
echo "cwd relative: two files; cwd absolute: a file and a hard link"
