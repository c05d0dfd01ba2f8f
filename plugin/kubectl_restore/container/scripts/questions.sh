# shellcheck shell=sh
# Questions: what stands there, and how it looks. None changes anything.
# What stands at these paths? A line for each that is there, in order; then `gone` and the numbers
# of those that are not, and `hidden` and those of which that cannot be told.
look() {
    gone='' number=$first
    for path; do
        [ -e "$path" ] || [ -L "$path" ] || gone="$gone $number"
        number=$((number + 1))
    done
    if [ "$gone" ]; then
        number=$first gone='' hidden='' above=''
        for path; do
            shift
            if [ -e "$path" ] || [ -L "$path" ]; then
                set -- "$@" "$path"
            elif is_in_reach "$path"; then
                gone="$gone $number"
            else
                hidden="$hidden $number"
            fi
            number=$((number + 1))
        done
        [ -z "$gone" ] || say gone "$gone"
        [ -z "$hidden" ] || say hidden "$hidden"
    fi
    [ "$#" = 0 ] || "see_$sees" "$@" || {
        # One of them may be gone by now: each by itself. Numbers are no more those of names.
        say again
        for path; do
            "see_$sees" "$path" && continue
            if [ -e "$path" ] || [ -L "$path" ]; then say unseen; else say vanished; fi
        done
    }
}

# May we look into the directories above $1, as far as they are there?
is_in_reach() {
    directory=${1%/*}
    [ "$directory" != "$above" ] || return "$within"
    above=$directory within=0
    until [ -d "$directory/." ]; do
        # It is there, and `.` in it cannot be reached.
        [ ! -d "$directory" ] || within=1
        case $directory in */*) directory=${directory%/*} ;; *) break ;; esac
    done
    return "$within"
}

# A record with a line for each.
see_stat() {
    put "$token stats " >&3
    stat -c "$fields" "$@" >&3
    set -- "$?"
    echo "$token" >&3
    return "$1"
}
fields='%f %s %Y %u %g %i %b %h %d'

# `ls` with $listing, where there is no stat. Some sort, and names and links' texts may have lines.
see_ls() {
    wanted=$#
    case $listing/$wanted in -U* | */1) ;; *) return 1 ;; esac
    # shellcheck disable=SC2086 # split into options
    listed=$(ls -lnisd $listing "$@" && echo .) || return
    if [ "$wanted" = 1 ]; then
        put "$token listed ${listed%%
*} $token" >&3
        return
    fi
    put "${listed%.}" | {
        number=0
        while IFS= read -r line; do
            put "$token listed $line $token" >&3
            number=$((number + 1))
        done
        [ "$number" = "$wanted" ]
    }
}

# Checksums of files, with $tool. Where a line is missing or too much: each by itself.
sum() {
    "$tool" "$@" </dev/null | {
        number=$first
        while IFS= read -r line; do
            echo "$token sum $number ${line%% *} $token"
            number=$((number + 1))
        done
        [ "$((number - first))" = "$count" ]
    } >&3 || {
        say again
        sum_each "$@"
    }
}

sum_each() {
    number=$first
    for path; do
        if [ -f "$path" ] && line=$("$tool" <"$path"); then say sum "$number" "${line%% *}"; fi
        number=$((number + 1))
    done
}

# Checksums of the first bytes of files that have one name: lengths and names.
prefix() {
    count=$((count / 2)) number=$first
    while [ "$#" -gt 1 ]; do
        if [ -f "$2" ] && [ ! -L "$2" ] && line=$(take_of "$1" <"$2" | "$tool") &&
            [ "$(links_of "$2")" = 1 ]; then
            say sum "$number" "${line%% *}"
        fi
        number=$((number + 1))
        shift 2
    done
}

take_of() { if has head; then head -c "$1"; else take "$1"; fi; }

links_of() {
    # shellcheck disable=SC2046 # split into fields
    set -- $(ls -lnd "$1")
    echo "${2-}"
}

# Which of these may not be written to, or ($test is -r) read?
test_each() {
    number=$first found=''
    for path; do
        # A no is tried: the test may lie.
        case $test in
        -r) [ -r "$path" ] || { [ -f "$path" ] && (: <"$path"); } ;;
        *) takes "$path" ;;
        esac || found="$found $number"
        number=$((number + 1))
    done
    [ -z "$found" ] || say closed "$found"
}

# Where do these links to directories lead?
lead() {
    number=$first
    here=$(pwd -P && echo .)
    for path; do
        there=$(cd -P -- "$path" && pwd -P && echo .)
        put "$token leads $number ${#here} ${#there} $here$there $token" >&3
        number=$((number + 1))
    done
}

# What do these links say?
text_of() {
    number=$first
    for path; do
        if there=$(read_link "$path" && echo .); then
            put "$token text $number $there $token" >&3
        fi
        number=$((number + 1))
    done
}

# Rust's readlink (0.0.17) fails for a name that is not UTF-8; GNU's find, which is there besides, not.
# busybox's ls prints a ? for what it takes for no character; its stat and toybox's do not. What does
# not repeat the name, or may have such a ?, is not believed.
read_link() {
    { has readlink && readlink "$1"; } || find "$1" -prune -printf '%l\n' 2>/dev/null || {
        line=$(ls -ld "$1" && echo .) && [ -L "$1" ] || return
        case $line in
        *"$1 -> "*'?'*) ;;
        *"$1 -> "*)
            line=${line%.}
            put "${line#*"$1 -> "}"
            return
            ;;
        esac
        line=$(stat -c %N "$1" 2>/dev/null && echo .) || return
        case $line in
        "'$1' -> '"*"'$newline." | "$1 -> '"*"'$newline.")
            line=${line#*"$1"}
            line=${line#*" -> '"}
            put "${line%"'$newline."}$newline"
            ;;
        *) return 1 ;;
        esac
    }
}

# What stands in these directories?
list() {
    set +f
    number=$first
    for directory; do
        # Not -x: busybox looks at the bits, whoever we are.
        { [ -r "$directory" ] || ls "$directory" >/dev/null; } && [ -d "$directory/." ] ||
            say unlisted "$number"
        for path in "$directory"/* "$directory"/.*; do
            case $path in "$directory"/. | "$directory"/..) continue ;; esac
            if [ -L "$path" ]; then
                kind=l
            elif [ -d "$path" ]; then
                kind=d
            elif [ -e "$path" ]; then
                kind=o
            else
                continue
            fi
            put "$token child $number $kind ${path##*/} $token" >&3
        done
        number=$((number + 1))
    done
}

# How much room is there on the volumes of these directories?
rooms() {
    number=$first
    for path; do
        put "$token space $number $(df -Pk "$path") $token" >&3
        put "$token inodes $number $(df -Pi "$path") $token" >&3
        number=$((number + 1))
    done
}
