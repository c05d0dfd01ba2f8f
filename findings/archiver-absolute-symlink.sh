#!/bin/sh
# npm archiver 8.0.0, TarArchive.directory() of a directory with a symlink to an absolute path.
# Seen: the link /etc/hosts is written as a relative one that leads from the place where the archive was
# made (../../etc/hosts, as many steps as that directory is deep); GNU tar and npm tar 7.5.23 write
# /etc/hosts. Extracted one level deeper or elsewhere it leads to another file, and nothing is said.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts archiver@8.0.0
mkdir data
ln -s /etc/hosts data/link
cat >make.mjs <<'JS'
import { TarArchive } from 'archiver'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
const archive = new TarArchive({})
const out = createWriteStream('made.tar')
archive.pipe(out)
archive.directory('data', 'data')
await archive.finalize()
await finished(out)
JS
node make.mjs
tar -cf gnu.tar data
tar -tvf gnu.tar | grep -q -- '-> /etc/hosts$'
tar -tvf made.tar | grep -- '-> \.\./.*etc/hosts$'
