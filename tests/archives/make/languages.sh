#!/bin/sh
# Archive libraries of languages, each by a few lines of its own.
# shellcheck source=/dev/null
. "$(dirname "$0")/common.sh"
here=$(cd "$(dirname "$0")" && pwd)

has python3 && python3 "$here/python.py" "$PLAIN" "$AWKWARD" "$OUT"
has perl && made perl.tar "Perl Archive::Tar" "$(perl -MArchive::Tar -e 'print Archive::Tar->VERSION')" \
    sh -c "cd '$PLAIN' && perl -MArchive::Tar -MFile::Find -e 'find({no_chdir => 1, wanted => sub { push @f, \$_ }}, \".\"); Archive::Tar->create_archive(\"$OUT/perl.tar\", 0, sort @f)'"
if has ruby; then
    made ruby-gem.tar "RubyGems Gem::Package::TarWriter" "$(ruby -rrubygems -e 'print Gem::VERSION')" \
        ruby "$here/writer.rb" gem "$PLAIN" {}
    made ruby-minitar.tar "Ruby minitar" "$(version ruby-minitar)" ruby "$here/writer.rb" minitar "$PLAIN" {}
fi
if has php; then
    made php-phar.tar "PHP PharData" "$(php -r 'echo PHP_VERSION;')" php "$here/writer.php" phar "$PLAIN" {}
    made php-pear.tar "PEAR Archive_Tar" "$(version php-pear)" php "$here/writer.php" pear "$PLAIN" {}
fi
if has Rscript; then
    made r.tar "R utils::tar" "$(version r-base-core)" \
        sh -c "cd '$PLAIN' && Rscript -e 'suppressWarnings(utils::tar(\"$OUT/r.tar\", \".\", tar=\"internal\"))'"
fi
if has erl; then
    made erlang.tar "Erlang erl_tar" "$(version erlang-base)" sh -c \
        "cd '$PLAIN' && erl -noshell -eval 'R = erl_tar:create(\"$OUT/erlang.tar\", [F || F <- element(2, file:list_dir(\".\"))]), io:format(\"~p~n\", [R]), halt().'"
fi
if has java && [ -e /usr/share/java/commons-compress.jar ]; then
    for mode in posix gnu star; do
        made "commons-compress-$mode.tar" "Apache Commons Compress" "$(version libcommons-compress-java)" \
            java -cp /usr/share/java/commons-compress.jar "$here/Writer.java" $mode "$PLAIN" {}
    done
fi
if has node && [ -n "${NODE_MODULES:-}" ]; then
    for name in tar tar-stream tar-fs archiver modern-tar nanotar; do
        v=$(node -p "JSON.parse(require('fs').readFileSync('$NODE_MODULES/$name/package.json')).version" 2>/dev/null) || continue
        made "npm-$name.tar" "npm $name" "$v" env NODE_PATH="$NODE_MODULES" node "$here/writer.mjs" $name "$PLAIN" {}
    done
fi
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
if has go && GOFLAGS='' GO111MODULE=off go build -o "$place/walker" "$here/walker.go"; then
    for format in ustar pax gnu; do
        made "go-$format.tar" "Go archive/tar" "$(go version | cut -d ' ' -f 3)" "$place/walker" $format "$PLAIN" {}
    done
fi
if has cargo && cp -r "$here/rust" "$place/rust" &&
    CARGO_TARGET_DIR="$place" cargo build -q --manifest-path "$place/rust/Cargo.toml"; then
    made rust.tar "Rust tar" "$(sed -n 's/^tar = "=\(.*\)"/\1/p' "$here/rust/Cargo.toml")" \
        "$place/debug/writer" "$PLAIN" {}
fi
