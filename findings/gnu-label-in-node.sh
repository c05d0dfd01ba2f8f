#!/bin/sh
# Two readers from npm and an archive that GNU tar made with a volume label (tar -V LABEL, type V; the
# labelled archive of GNU tar 1.34 is in GNU format, its ordinary members follow).
# Seen: nanotar 0.3.0 gives one member, the label, and silently none of the files behind it; tar-stream
# 3.2.2 raises "Invalid tar header: unknown format"; npm tar 7.5.23 gives the files and leaves out the label.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts nanotar@0.3.0 tar-stream@3.2.2 tar@7.5.23
mkdir data
echo precious >data/a
tar --format=gnu -V LABEL -cf labelled.tar data
cat >read.mjs <<'JS'
import assert from 'node:assert'
import { readFileSync, createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { parseTar } from 'nanotar'
import stream from 'tar-stream'
import { list } from 'tar'
assert.deepEqual(parseTar(readFileSync('labelled.tar')).map(each => each.name), ['LABEL'])
const extract = stream.extract()
extract.on('entry', (header, body, next) => { body.on('end', next); body.resume() })
await assert.rejects(pipeline(createReadStream('labelled.tar'), extract), /unknown format/)
const names = []
await list({ file: 'labelled.tar', onReadEntry: each => names.push(each.path) })
assert.deepEqual(names, ['data/', 'data/a'])
console.log('nanotar: the label alone; tar-stream: an error; npm tar: all')
JS
node read.mjs
