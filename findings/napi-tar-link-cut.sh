#!/bin/sh
# @napi-rs/tar 1.1.3 (npm), a symbolic link that leads to a name of 130 bytes, in GNU tar's format and in pax.
# Seen: unpack() makes the whole link; who goes through the entries gets the first 100 bytes of where it leads, by
# header().linkName(), and there is no other way to ask: the entry itself has only path(), which is whole for long names.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-fund --no-audit @napi-rs/tar@1.1.3 >npm.log 2>&1 || { cat npm.log; exit 1; }
name=$(printf '%0130d' 7)
mkdir tree
echo content >"tree/$name"
ln -s "$name" tree/link
cat >read.cjs <<'JS'
const assert = require('node:assert/strict');
const { readlinkSync } = require('node:fs');
const { Archive } = require('@napi-rs/tar');

for (const format of ['gnu', 'posix']) {
  const told = {};
  for (const entry of new Archive(`${format}.tar`).entries()) {
    assert.equal(entry.linkName, undefined);
    told[entry.path().length] = entry.header().linkName()?.length;
  }
  assert.equal(told[4], 100);
  assert.ok(130 in told);
  new Archive(`${format}.tar`).unpack(`by-${format}`);
  assert.equal(readlinkSync(`by-${format}/link`).length, 130);
  console.log(format, 'linkName():', told[4], 'bytes of 130; unpack(): 130');
}
JS
for format in gnu posix; do
  tar --format="$format" -C tree -cf "$format.tar" "$name" link
  mkdir "by-$format"
done
timeout 60 node read.cjs
