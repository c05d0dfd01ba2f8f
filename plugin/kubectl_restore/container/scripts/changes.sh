# shellcheck shell=sh
# What is changed besides what tar writes.
# Remove these with $tool. We go into each directory first, and only where it still is the one that
# was named: no link leads elsewhere.
remove() {
    here=$(pwd -P && echo .) last=''
    here=${here%?.}
    here=${here%/}
    for path; do
        directory=${path%/*}
        if [ "$directory" != "$last" ]; then
            last=''
            cd -P -- "$here/$directory" || continue
            there=$here${directory#.}
            [ "$PWD" = "${there:-/}" ] || continue
            last=$directory
        fi
        $tool -- "./${path##*/}"
    done
    cd -P -- "$here/" || return
}

# Run $tool on these; or, with a word before each, once for each.
amend() { $tool "$@"; }
amend_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        $tool "$1" "$2"
        shift 2
    done
}

# Directories of ours that their own mode closes to us: a mode and a name each. They are opened, and
# closed again when we go (`finish`), whatever ends us: what was opened last first.
open_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        chmod u+rwx "$2"
        shift 2
    done
}
close_each() {
    while [ "$#" -gt 1 ]; do
        chmod "0$1" "$2"
        shift 2
    done
}
opened=''
close_opened() {
    question='close_each'
    (eval "$opened") 3>/dev/null 2>&4 </dev/null
    opened=''
}

# Copies of files: under its own name each is whole. What one that was broken off has left is replaced.
copy_each() {
    count=$((count / 2))
    while [ "$#" -gt 1 ]; do
        new=${2%/*}/.kubectl-restore.0000000000000000
        rm -f "$new"
        { cp -pP "$1" "$new" || cp -P "$1" "$new"; } && mv -f "$new" "$2"
        shift 2
    done
}

# Rust's cat takes no name that is not UTF-8: odd ones are opened here.
contents() {
    case $* in
    *[!\ -~]*)
        for path; do [ ! -f "$path" ] || cat <"$path"; done
        ;;
    *) cat "$@" ;;
    esac
}
