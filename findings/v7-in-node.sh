#!/bin/sh
# decompress 4.2.1 and @obsidize/tar-browserify 6.3.2 (npm), a tar in the oldest format: `tar --format=v7`, the one that
# `make dist` of an Automake project makes where nothing else is asked for. It has no "ustar" in its headers.
# Seen: decompress of the .tar gives an empty list and writes nothing, without an error, and of the same file as .tar.gz
# both files; tar-browserify gives no entry, without an error. @napi-rs/tar 1.1.3 and it-tar 6.0.6 refuse it;
# npm tar 7.5.23 and @remix-run/tar-parser 0.7.1 read it, as GNU tar does.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-fund --no-audit decompress@4.2.1 @obsidize/tar-browserify@6.3.2 @napi-rs/tar@1.1.3 it-tar@6.0.6 \
  tar@7.5.23 @remix-run/tar-parser@0.7.1 >npm.log 2>&1 || { cat npm.log; exit 1; }
echo one >one
echo two >two
tar --format=v7 -cf v7.tar one two
tar --format=ustar -cf ustar.tar one two
gzip -k v7.tar
test "$(tar -tf v7.tar)" = "$(printf 'one\ntwo')"
cat >read.mjs <<'JS'
import { Archive } from '@napi-rs/tar';
import { Archive as Browserify } from '@obsidize/tar-browserify';
import { parseTar } from '@remix-run/tar-parser';
import assert from 'node:assert/strict';
import decompress from 'decompress';
import { existsSync, readFileSync } from 'node:fs';
import { extract } from 'it-tar';
import * as npmTar from 'tar';

const bytes = (name) => new Uint8Array(readFileSync(name));
assert.equal((await decompress('ustar.tar', 'right')).length, 2);
assert.deepEqual(await decompress('v7.tar', 'unpacked'), []);
assert.equal(existsSync('unpacked/one'), false);
assert.equal((await decompress('v7.tar.gz', 'packed')).length, 2);
assert.equal(existsSync('packed/one'), true);
const names = async (name) => (await Browserify.extract(bytes(name))).entries.map((entry) => entry.fileName);
assert.deepEqual(await names('ustar.tar'), ['one', 'two']);
assert.deepEqual(await names('v7.tar'), []);
await assert.rejects(async () => {
  for await (const entry of extract()([bytes('v7.tar')])) for await (const part of entry.body) void part;
}, /unknown format/);
assert.throws(() => new Archive(bytes('v7.tar')), /Unsupported file type/);
const seen = [];
npmTar.list({ file: 'v7.tar', sync: true, onReadEntry: (entry) => seen.push(entry.path) });
await parseTar(bytes('v7.tar'), (entry) => { seen.push(entry.name); });
assert.deepEqual(seen, ['one', 'two', 'one', 'two']);
console.log('decompress: nothing, no error, but all of the .gz; tar-browserify: nothing; two refuse; two read it');
JS
timeout 120 node read.mjs
