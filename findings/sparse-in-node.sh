#!/bin/sh
# npm tar 7.5.23 and tar-stream 3.2.2, a file with holes in an archive by GNU tar.
# Seen: of `--format=pax --sparse` npm tar, strict, makes a file GNUSparseFile.N/NAME of the map and the
# parts between the holes, and no file NAME; tar-stream names it so, too. Of `--format=gnu --sparse`
# npm tar, strict, makes nothing at all, and tar-stream an entry without a type, 4,096 bytes long where
# the file has 1 MiB. Neither has an error or a warning.
# Versions: those pinned below, GNU tar 1.34. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts tar@7.5.23 tar-stream@3.2.2
truncate -s 1M holes
printf 'the end' | dd of=holes bs=1 seek=700000 conv=notrunc status=none
tar --format=pax --sparse -cf pax.tar holes
tar --format=gnu --sparse -cf gnu.tar holes
cat >read.mjs <<'JS'
import { mkdirSync, readFileSync } from 'node:fs'
import { extract as unpack } from 'tar'
import { extract } from 'tar-stream'
for (const format of ['pax', 'gnu']) {
  mkdirSync(`from-${format}`)
  await unpack({ file: `${format}.tar`, cwd: `from-${format}`, strict: true,
                 onwarn: (code, said) => console.log('warning', code, said) })
  const entries = extract()
  entries.on('entry', (header, data, next) => {
    console.log(format, header.name.replace(/[0-9]+/, 'N'), header.type, header.size)
    data.on('end', next).resume()
  })
  entries.end(readFileSync(`${format}.tar`))
  await new Promise((done) => entries.on('finish', done))
}
JS
node read.mjs >said
cat said
grep -qx 'pax ./GNUSparseFile.N/holes file 4608' said
grep -qx 'gnu holes null 4096' said
test "$(grep -c warning said)" = 0
test ! -e from-pax/holes
test "$(find from-pax -type f -name holes -size -16k | wc -l)" = 1
test "$(find from-gnu -type f | wc -l)" = 0
