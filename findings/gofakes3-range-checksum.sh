#!/bin/sh
# gofakes3 1.2.0 (Go, the S3 server of many test suites), boto3 1.44.8 and obstore 0.12.1: an object that boto3 uploaded as
# it does of itself, with a CRC32, and a part of it.
# Seen: gofakes3 sends the whole object's CRC32 with the part, so boto3 refuses right bytes with FlexibleChecksumError;
# obstore does not look at it and gives them. And gofakes3 does not look at If-Match of a GET: with an ETag that is not
# the object's it sends the object, 200, where S3 answers 412. It looks at If-Match of a PUT.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py boto3==1.44.8 botocore==1.44.8 obstore==0.12.1 \
  2>pip.log || { cat pip.log; exit 1; }
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
mkdir server
cat >server/go.mod <<'MOD'
module example.org/server

go 1.26

require github.com/johannesboyne/gofakes3 v1.2.0
MOD
cat >server/main.go <<'GO'
package main

import (
	"fmt"
	"net"
	"net/http"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, gofakes3.New(s3mem.New()).Server()))
}
GO
(cd server && go mod tidy && go build -o ../fake .) >go.log 2>&1 || { cat go.log; exit 1; }
cat >ask.py <<'PY'
import subprocess
import boto3
import botocore.config
import botocore.exceptions
import obstore
from obstore.store import S3Store

server = subprocess.Popen(["./fake"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
try:
    url = "http://" + server.stdout.readline().strip()
    client = boto3.client("s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
                          config=botocore.config.Config(s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="bucket")
    client.put_object(Bucket="bucket", Key="key", Body=b"0123456789")
    assert client.get_object(Bucket="bucket", Key="key")["Body"].read() == b"0123456789"
    part = client.get_object(Bucket="bucket", Key="key", Range="bytes=2-4")
    assert part["ContentRange"] == "bytes 2-4/10", part
    try:
        part["Body"].read()
    except botocore.exceptions.FlexibleChecksumError as error:
        print("boto3:", error)
    else:
        raise SystemExit("boto3 takes the part now")
    store = S3Store("bucket", endpoint=url, region="us-east-1", access_key_id="a", secret_access_key="b",
                    virtual_hosted_style_request=False, client_options={"allow_http": True})
    assert bytes(obstore.get_range(store, "key", start=2, end=5)) == b"234"
    other = client.get_object(Bucket="bucket", Key="key", IfMatch='"another"')
    assert (other["ResponseMetadata"]["HTTPStatusCode"], other["Body"].read()) == (200, b"0123456789")
    try:
        client.put_object(Bucket="bucket", Key="key", Body=b"", IfMatch='"another"')
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "PreconditionFailed", error
    else:
        raise SystemExit("a PUT with another ETag is taken now")
    print("obstore: the part; GET with another ETag in If-Match: 200")
finally:
    server.kill()
    server.wait()
PY
timeout 120 python3 ask.py
