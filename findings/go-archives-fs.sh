#!/bin/sh
# github.com/mholt/archives v0.1.5 (Go), its file system of an archive (archives.FileSystem), on two tars of GNU tar's:
# a file with a hard link and a symbolic link to it, and one to which `tar -r` added a newer file of the same name.
# Seen: both links read as 0 bytes, without an error, and the hard link is a regular file of size 0. Of the name that is
# there twice, a listing says the newer file's size, and Stat and the bytes are the older one's; tar unpacks the newer one.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
mkdir program
cat >program/go.mod <<'MOD'
module example.org/read

go 1.26

require github.com/mholt/archives v0.1.5
MOD
cat >program/main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"github.com/mholt/archives"
)

func main() {
	archive, err := archives.FileSystem(context.Background(), os.Args[1], nil)
	if err != nil {
		panic(err)
	}
	for _, name := range os.Args[2:] {
		info, err := archive.(fs.StatFS).Stat(name)
		if err != nil {
			panic(err)
		}
		entries, err := fs.ReadDir(archive, ".")
		if err != nil {
			panic(err)
		}
		listed := int64(-1)
		for _, entry := range entries {
			if entry.Name() == name {
				of, err := entry.Info()
				if err != nil {
					panic(err)
				}
				listed = of.Size()
			}
		}
		content, err := fs.ReadFile(archive, name)
		if err != nil {
			panic(err)
		}
		fmt.Printf("%s regular=%t stat=%d listed=%d read=%q\n", name, info.Mode().IsRegular(), info.Size(), listed, content)
	}
}
GO
(cd program && go mod tidy && go build -o ../read .) >go.log 2>&1 || { cat go.log; exit 1; }
printf older >file
ln file hard
ln -s file soft
tar -cf links.tar file hard soft
tar -cf twice.tar file
rm file
printf 'newer and longer' >file
tar -rf twice.tar file
mkdir unpacked
tar -C unpacked -xf links.tar
test "$(cat unpacked/hard)$(cat unpacked/soft)" = olderolder
mkdir again
tar -C again -xf twice.tar
test "$(cat again/file)" = 'newer and longer'
timeout 60 ./read links.tar file hard soft | tee seen.txt
timeout 60 ./read twice.tar file | tee -a seen.txt
cat >expected.txt <<'TXT'
file regular=true stat=5 listed=5 read="older"
hard regular=true stat=0 listed=0 read=""
soft regular=false stat=0 listed=0 read=""
file regular=true stat=5 listed=16 read="older"
TXT
diff expected.txt seen.txt
