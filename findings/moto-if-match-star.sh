#!/bin/sh
# moto 5.2.5 as an S3 server, GET of an object that is there with If-Match, and with a range in another unit than bytes.
# Seen: `If-Match: *` (any object that is there) and a list of ETags with the object's among them are answered 412;
# "Range: items=1-2", which HTTP has a server ignore, is answered as bytes 1 to 2, 206. One ETag in If-Match is right.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m pip install --quiet --root-user-action ignore --target py 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5 \
  boto3==1.44.8 botocore==1.44.8 2>pip.log || { cat pip.log; exit 1; }
export PYTHONPATH="$dir/py" PYTHONDONTWRITEBYTECODE=1
cat >ask.py <<'PY'
import logging
import boto3
import botocore.config
import botocore.exceptions
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
host, port = server.get_host_and_port()
client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1", aws_access_key_id="a",
                      aws_secret_access_key="b", config=botocore.config.Config(s3={"addressing_style": "path"}))
client.create_bucket(Bucket="bucket")
tag = client.put_object(Bucket="bucket", Key="key", Body=b"0123456789")["ETag"]

def asked(**how):
    try:
        answer = client.get_object(Bucket="bucket", Key="key", **how)
    except botocore.exceptions.ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return answer["ResponseMetadata"]["HTTPStatusCode"], answer["Body"].read()

assert asked(IfMatch=tag) == (200, b"0123456789")
assert asked(IfMatch="*") == (412, "PreconditionFailed"), asked(IfMatch="*")
assert asked(IfMatch=f'"another", {tag}') == (412, "PreconditionFailed")
assert asked(Range="items=1-2") == (206, b"12")
server.stop()
print("If-Match: * gives 412; so does a list; items=1-2 gives bytes")
PY
timeout 120 python3 ask.py 2>moto.log || { cat moto.log; exit 1; }
