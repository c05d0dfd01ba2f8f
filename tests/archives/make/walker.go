// Walks a tree and writes it: go run walker.go ustar|pax|gnu TREE ARCHIVE
package main

import (
	"archive/tar"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

var formats = map[string]tar.Format{"ustar": tar.FormatUSTAR, "pax": tar.FormatPAX, "gnu": tar.FormatGNU}

func main() {
	format, tree := formats[os.Args[1]], os.Args[2]
	out, err := os.Create(os.Args[3])
	check(err)
	writer := tar.NewWriter(out)
	check(filepath.WalkDir(tree, func(path string, _ fs.DirEntry, err error) error {
		check(err)
		if path == tree {
			return nil
		}
		info, err := os.Lstat(path)
		check(err)
		link := ""
		if info.Mode()&fs.ModeSymlink != 0 {
			link, err = os.Readlink(path)
			check(err)
		}
		header, err := tar.FileInfoHeader(info, link)
		check(err)
		header.Name, err = filepath.Rel(tree, path)
		check(err)
		header.Format = format
		if err := writer.WriteHeader(header); err != nil {
			fmt.Fprintln(os.Stderr, path, err)
			return nil
		}
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			check(err)
			_, err = writer.Write(content)
			check(err)
		}
		return nil
	}))
	check(writer.Close())
	check(out.Close())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
