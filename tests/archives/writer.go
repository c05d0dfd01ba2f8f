// Writes an archive with Go's archive/tar: the format is the first argument, the file the second.
package main

import (
	"archive/tar"
	"os"
	"strings"
	"time"
)

func main() {
	formats := map[string]tar.Format{"ustar": tar.FormatUSTAR, "pax": tar.FormatPAX, "gnu": tar.FormatGNU}
	format := formats[os.Args[1]]
	out, err := os.Create(os.Args[2])
	check(err)
	writer := tar.NewWriter(out)
	when := time.Unix(1600000000, 0)
	if format == tar.FormatPAX {
		when = time.Unix(1600000000, 123456789)
	}
	long := strings.Repeat("long/", 15) + "name"
	if format != tar.FormatUSTAR {
		long = strings.Repeat("long/", 50) + "name-\u2603"
	}
	for _, header := range []tar.Header{
		{Name: "d/", Typeflag: tar.TypeDir, Mode: 0755},
		{Name: "d/file", Typeflag: tar.TypeReg, Mode: 04640, Size: 5, Uid: 1000, Gid: 100, Uname: "user", Gname: "users"},
		{Name: long, Typeflag: tar.TypeReg, Mode: 0600, Size: 5},
		{Name: "hard", Typeflag: tar.TypeLink, Linkname: "d/file", Mode: 0640},
		{Name: "soft", Typeflag: tar.TypeSymlink, Linkname: "../" + strings.Repeat("t", 90), Mode: 0777},
		{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3, Mode: 0666},
		{Name: "fifo", Typeflag: tar.TypeFifo, Mode: 0644},
	} {
		header.Format = format
		header.ModTime = when
		check(writer.WriteHeader(&header))
		if header.Size > 0 {
			_, err := writer.Write([]byte("12345"))
			check(err)
		}
	}
	check(writer.Close())
	check(out.Close())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
