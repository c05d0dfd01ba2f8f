#!/bin/sh
# tar-stream 3.2.2, it-tar 6.0.6 and @remix-run/tar-parser 0.7.1 (npm), a pax archive with a file of user 1000680000:
# a number as OpenShift gives them to pods, and more than the seven octal digits of the header hold, so that GNU tar
# writes it into the extended header and 0 into the other.
# Seen: all three say uid 0, root, without an error; tar-stream and it-tar have the right number beside it, in header.pax.
# npm tar 7.5.23, modern-tar 0.8.6 and @napi-rs/tar 1.1.3 say 1000680000. In GNU tar's own format all three say it, too.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-fund --no-audit tar-stream@3.2.2 it-tar@6.0.6 @remix-run/tar-parser@0.7.1 tar@7.5.23 \
  modern-tar@0.8.6 @napi-rs/tar@1.1.3 >npm.log 2>&1 || { cat npm.log; exit 1; }
echo content >file
for format in posix gnu; do
  tar --format="$format" --owner=:1000680000 --group=:1000680000 -cf "$format.tar" file
  tar --numeric-owner -tvf "$format.tar" | grep -q ' 1000680000/1000680000 '
done
cat >read.mjs <<'JS'
import { Archive } from '@napi-rs/tar';
import { parseTar } from '@remix-run/tar-parser';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { extract as itExtract } from 'it-tar';
import { unpackTar } from 'modern-tar';
import * as npmTar from 'tar';
import tarStream from 'tar-stream';

const owners = {
  'tar-stream': (bytes) => new Promise((resolve, reject) => {
    const reader = tarStream.extract();
    reader.on('error', reject);
    reader.on('entry', (header, content, next) => {
      resolve(header.uid);
      content.on('end', next).resume();
    });
    reader.end(bytes);
  }),
  'it-tar': async (bytes) => {
    for await (const entry of itExtract()([new Uint8Array(bytes)])) return entry.header.uid;
  },
  'remix': async (bytes) => {
    const seen = [];
    await parseTar(new Uint8Array(bytes), (entry) => { seen.push(entry.header.uid); });
    return seen[0];
  },
  'npm tar': (bytes, name) => {
    const seen = [];
    npmTar.list({ file: name, sync: true, onReadEntry: (entry) => seen.push(entry.uid) });
    return seen[0];
  },
  'modern-tar': async (bytes) => (await unpackTar(new Uint8Array(bytes)))[0].header.uid,
  'napi-rs': (bytes) => {
    for (const entry of new Archive(new Uint8Array(bytes)).entries()) return Number(entry.header().uid());
  },
};
for (const [library, owner] of Object.entries(owners)) {
  const told = [await owner(readFileSync('posix.tar'), 'posix.tar'), await owner(readFileSync('gnu.tar'), 'gnu.tar')];
  console.log(library, 'pax:', told[0], 'gnu:', told[1]);
  assert.deepEqual(told, [['tar-stream', 'it-tar', 'remix'].includes(library) ? 0 : 1000680000, 1000680000], library);
}
JS
timeout 120 node read.mjs
