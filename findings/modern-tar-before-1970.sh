#!/bin/sh
# modern-tar 0.8.6 (npm), times before 1970.
# Seen: unpackTar of GNU tar's archive leaves out a symbolic link of 1960 and says nothing; what stands beside it arrives.
# packTar writes such a time as a number with a minus in octal, which GNU tar takes for base 64: a year far from all others.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-fund --no-audit modern-tar@0.8.6 >npm.log 2>&1 || { cat npm.log; exit 1; }
export TZ=UTC
mkdir tree
ln -s new tree/old
touch -h -d 1960-06-29 tree/old
echo content >tree/new
tar --format=gnu -C tree -cf gnu.tar old new
cat >both.mjs <<'JS'
import { packTar, unpackTar } from 'modern-tar/fs';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

await pipeline(createReadStream('gnu.tar'), unpackTar('unpacked'));
await pipeline(packTar('tree'), createWriteStream('packed.tar'));
JS
node both.mjs
echo "GNU tar lists:" && tar -tf gnu.tar
echo "unpacked:" && ls unpacked
test "$(ls unpacked)" = new
echo "packed, as GNU tar lists it:" && tar -tvf packed.tar
tar -tvf packed.tar 2>/dev/null | grep -- '-[0-9]\{15,\} old'
